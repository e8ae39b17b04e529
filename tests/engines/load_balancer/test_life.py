"""The service as a process: its admin surface, its engine's death, its own."""

import asyncio
import json
import signal
import socket
import stat

import aiohttp
import psutil
import pytest

from scalelab.contracts.stack_identity import stack_identity

pytestmark = pytest.mark.integration


async def test_admin_surface(start_gateways, start_balancer):
    """Health and metrics are apart from the traffic; ready means that a gateway is up."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway])
    await balancer.answering_gateways(3)

    async with aiohttp.ClientSession(balancer.admin_url) as admin:
        async with admin.get("/health/live") as response:
            live = await response.json()
        async with admin.get("/metrics") as response:
            metrics = await response.text()
        ready = await _status_and_body(admin.get("/health/ready"))
        gateway.is_ready = False
        await balancer.settled({gateway.name: "down"})
        not_ready = await _status_and_body(admin.get("/health/ready"))
        still_alive = await _status(admin.get("/health/live"))

    about = {"instance": "load_balancer-1", "stack": stack_identity("nonce-of-this-test")}
    assert live == {"status": "ok", **about}
    assert ready == (200, {"status": "ok", **about})
    assert not_ready == (503, {"status": "no gateway is up", **about})
    assert still_alive == 200
    assert gateway.name in metrics
    assert {
        "haproxy_server_http_responses_total",
        "scalelab_member_requests_total",
        "envoy_cluster_endpoint_rq_total",
    } & {line.partition("{")[0] for line in metrics.splitlines()}


async def test_the_control_socket_is_the_owners(start_gateways, start_balancer):
    """Mode 0600, and everything else that the service writes is closed to others as well."""
    balancer = await start_balancer(await start_gateways(1))

    mode = stat.S_IMODE(balancer.control_path.stat().st_mode)
    others = {
        path.name: oct(path.stat().st_mode)
        for path in (balancer.directory / "runtime").iterdir()
        if path.stat().st_mode & 0o077 and path.is_socket()
    }

    assert mode == 0o600
    assert others == {}


async def test_nonsense_on_the_control_socket(start_gateways, start_balancer):
    """Every fault has its status, and nothing changes."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway])
    member = gateway.as_member()
    twice = {"members": [member, {**member, "port": 9}]}
    evil = {"members": [{**member, "host": "a;del server b/c"}]}
    bodies = ["{", '{"members": 1}', '{"members": [], "more": 1}', json.dumps(twice), json.dumps(evil)]

    session = balancer._control_session()
    statuses = [await _status(session.put("http://localhost/members", data=body)) for body in bodies]
    elsewhere = await _status(session.get("http://localhost/other"))
    deleted = await _status(session.delete("http://localhost/members"))

    assert statuses == [400] * 5
    assert (elsewhere, deleted) == (404, 405)
    assert list(await balancer.view()) == [gateway.name]


async def test_sigterm_lets_requests_finish(start_gateways, start_balancer, until):
    """The request in flight is answered, new connections are refused, nothing is left behind."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway])
    tree = balancer.tree()
    asking = asyncio.create_task(balancer.client.get("/hold"))
    await until(lambda: gateway.requests)

    balancer.process.send_signal(signal.SIGTERM)
    await until(lambda: _is_refused(balancer.port), "refused connection")
    is_running = balancer.process.poll() is None
    gateway.release.set()
    async with await asking as response:
        status = response.status
    await until(lambda: balancer.process.poll() is not None, "end of the service")

    assert is_running
    assert status == 200
    assert balancer.process.returncode == 0
    assert [process.pid for process in tree if _is_alive(process)] == []
    assert not balancer.control_path.exists()


async def test_sigterm_is_bounded(start_gateways, start_balancer, until):
    """A stream that never ends does not keep the service from ending."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway], graceful_timeout_s=1.0)
    gateway.chunks.put_nowait(b"data: 0\n\n")
    response = await balancer.client.get("/sse")
    await response.content.readany()

    balancer.process.send_signal(signal.SIGTERM)
    await until(lambda: balancer.process.poll() is not None, "end of the service", limit_s=6)
    response.close()

    assert balancer.process.returncode == 0


async def test_kill_9_of_the_service_leaves_no_engine(start_gateways, start_balancer, until):
    """The engine's processes die with the service."""
    balancer = await start_balancer(await start_gateways(1))
    tree = balancer.tree()

    balancer.process.kill()
    balancer.process.wait()
    await until(lambda: not any(map(_is_alive, tree)), f"end of {tree}", limit_s=5)

    assert len(tree) > 1


async def test_an_engine_that_dies_is_started_again(start_gateways, start_balancer, until):
    """Its members are those of the last PUT, its address is the same, and connections meanwhile only wait."""
    first, second, sick = await start_gateways(3)
    sick.is_ready = False
    balancer = await start_balancer([first])
    await balancer.put([first, second, sick], drain_timeout_s=0.2)
    engine = balancer.tree()[1]

    engine.kill()
    await until(lambda: not _is_alive(engine), "death")
    async with asyncio.timeout(5):
        await until(lambda: [each.pid for each in balancer.tree()[1:2]] not in ([], [engine.pid]), "another engine")
    await balancer.settled({first.name: "up", second.name: "up", sick.name: "down"})
    names = await balancer.answering_gateways(6)

    assert sorted(set(names)) == [first.name, second.name]
    assert [event for event in balancer.log_events() if event.get("event") == "engine_ended"]


async def test_the_log_is_structured(start_gateways, start_balancer):
    """One JSON object a line; a failed request is there with its id and without its query."""
    [gateway] = await start_gateways(1)
    gateway.is_ready = False
    balancer = await start_balancer([gateway], access_sample_ratio=0.0)

    async with balancer.client.get("/echo?secret=1", headers={"X-Request-Id": "id-1"}):
        pass
    await balancer.close()
    lines = balancer.log_path.read_text()
    [event] = [event for event in balancer.log_events() if event.get("event") == "request"]

    assert all(line.startswith("{") for line in lines.splitlines())
    assert (event["request_id"], event["status"], event["path"], event["method"]) == ("id-1", 503, "/echo", "GET")
    assert event["instance"] == "load_balancer-1"
    assert "secret" not in lines


async def _status_and_body(asking) -> tuple[int, dict[str, object]]:
    async with asking as response:
        return response.status, await response.json()


async def _status(asking) -> int:
    async with asking as response:
        return response.status


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


@pytest.mark.parametrize("engine", ["python"], indirect=True)
async def test_who_stops_is_not_ready(start_gateways, start_balancer, until):
    """B16: from the signal on, while requests are finished, whoever asks for its readiness is told so."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway])
    asking = asyncio.create_task(balancer.client.get("/hold"))
    await until(lambda: gateway.requests)

    async with aiohttp.ClientSession(balancer.admin_url) as admin:
        before = await _status(admin.get("/health/ready"))
        balancer.process.send_signal(signal.SIGTERM)
        await until(lambda: _is_refused(balancer.port), "refused connection")
        during = await _status(admin.get("/health/ready"))
    gateway.release.set()
    async with await asking as response:
        last = response.headers["Connection"]

    assert (before, during) == (200, 503)
    assert last == "close"
