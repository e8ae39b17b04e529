"""The admin listener: health and metrics for everybody, changes only for the own stack."""

import socket

import aiohttp
import pytest
from aiohttp import web

from scalelab.contracts.stack_identity import stack_identity
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics


@pytest.fixture
def free_address():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return f"127.0.0.1:{port}"


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def _flush(_request):
    return web.Response(text="flushed")


async def test_health_follows_readiness(settings, free_address, http):
    """Live is always 200; ready is 503 with the reason until the service is ready, and after it stops being so."""
    readiness = Readiness()
    settings = settings.model_copy(update={"admin_listen": free_address})
    seen = []

    async def look():
        for path in ("/health/live", "/health/ready"):
            async with http.get(f"http://{free_address}{path}") as response:
                seen.append((response.status, (await response.json())["status"]))

    async with admin_listener(settings, ServiceMetrics(), readiness):
        await look()
        readiness.ready()
        await look()
        readiness.not_ready("stopping")
        await look()

    assert seen == [(200, "ok"), (503, "starting"), (200, "ok"), (200, "ok"), (200, "ok"), (503, "stopping")]


async def test_a_drain_ends_readiness_and_nothing_else(settings, free_address, http):
    """Only with the stack's nonce; who drains is alive, and says why it is not ready."""
    readiness = Readiness()
    readiness.ready()
    settings = settings.model_copy(update={"admin_listen": free_address})
    url, nonce = f"http://{free_address}/health", {"X-Scalelab-Stack": settings.stack_nonce}

    async with admin_listener(settings, ServiceMetrics(), readiness):
        async with http.post(f"{url}/drain") as response:
            assert (response.status, readiness.is_ready) == (403, True)
        async with http.post(f"{url}/drain", headers=nonce) as response:
            assert response.status == 200
        async with http.get(f"{url}/ready") as response:
            assert (response.status, (await response.json())["status"]) == (503, "draining")
        async with http.get(f"{url}/live") as response:
            assert response.status == 200


async def test_health_names_instance_and_stack(settings, free_address, http):
    """A leftover process of another stack can be told apart."""
    settings = settings.model_copy(update={"admin_listen": free_address})

    async with (
        admin_listener(settings, ServiceMetrics(), Readiness()),
        http.get(f"http://{free_address}/health/live") as response,
    ):
        body = await response.json()

    assert body == {"status": "ok", "instance": "database-1", "stack": stack_identity("nonce-1")}


async def test_metrics_are_exposed(settings, free_address, http):
    """/metrics is Prometheus text of this service's registry."""
    settings = settings.model_copy(update={"admin_listen": free_address})

    async with (
        admin_listener(settings, ServiceMetrics(), Readiness()),
        http.get(f"http://{free_address}/metrics") as response,
    ):
        media_type, text = response.headers["Content-Type"], await response.text()

    assert media_type.startswith("text/plain; version=")
    assert "scalelab_requests_in_flight 0.0" in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"X-Scalelab-Stack": "other"}, 403), ({"X-Scalelab-Stack": "nonce-1"}, 200)],
)
async def test_a_change_needs_the_stacks_nonce(settings, free_address, http, headers, status):
    """POST without this stack's nonce is forbidden."""
    settings = settings.model_copy(update={"admin_listen": free_address})
    routes = [web.post("/cache/flush", _flush)]

    async with (
        admin_listener(settings, ServiceMetrics(), Readiness(), routes),
        http.post(f"http://{free_address}/cache/flush", headers=headers) as response,
    ):
        answered = response.status

    assert answered == status


async def test_the_port_refuses_afterwards(settings, free_address):
    """Nothing listens when the context has closed."""
    settings = settings.model_copy(update={"admin_listen": free_address})

    async with admin_listener(settings, ServiceMetrics(), Readiness()):
        pass

    host, port = free_address.split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


async def test_a_taken_port_is_named(settings):
    """The start fails with the setting and the reason in one line."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        settings = settings.model_copy(update={"admin_listen": address})

        with pytest.raises(CannotStartError, match=f"admin_listen = '{address}' cannot be opened: .*in use"):
            async with admin_listener(settings, ServiceMetrics(), Readiness()):
                pass
