"""The policy is changed while clients ask: what every engine promises."""

import asyncio
from collections import Counter

import pytest

from engines.load_balancer.offers import ONE_PROCESS

pytestmark = pytest.mark.integration


async def with_one_busy(balancer, gateways):
    """One gateway has a request in hand that does not end; it, and the request."""
    hanging = asyncio.create_task(balancer.client.post("/hold", data=b"x"))
    while not any(("POST", "/hold") in gateway.requests for gateway in gateways):  # noqa: ASYNC110  told by nobody
        await asyncio.sleep(0.01)
    return next(one for one in gateways if ("POST", "/hold") in one.requests), hanging


async def test_no_request_fails_and_the_next_ones_follow(start_gateways, start_balancer, crowd, until):
    """Thirty clients, POST among them, while the policy changes twice; what was in hand is answered in the end."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways)
    crowd.start(balancer.client, 30)
    await until(lambda: crowd.statuses[200] > 60)

    for policy in ("hash_user", "least_connections"):
        assert (await balancer.put_policy(policy)) == (200, {"policy": policy})
        seen = crowd.statuses[200]
        await until(lambda seen=seen: crowd.statuses[200] > seen + 60)
    _, hanging = await with_one_busy(balancer, gateways)
    await balancer.put_policy("round_robin")
    await crowd.stop()
    for gateway in gateways:
        gateway.release.set()
    async with await hanging as response:
        status = response.status

    assert set(crowd.statuses) == {200}
    assert status == 200


async def test_the_distribution_follows(start_gateways, start_balancer):
    """Before in turn; then always the same gateway for a user; then whoever is less busy."""
    gateways = await start_gateways(3)
    balancer = await start_balancer(gateways)

    in_turn = Counter(await balancer.answering_gateways(12))
    await balancer.put_policy("hash_key")
    await balancer.disconnect()  # a connection from before is answered once more by whoever answered it
    of_keys = [[await gateway_of(balancer, f"/echo?key={key}") for key in range(20)] for _ in range(2)]
    await balancer.put_policy("least_connections")
    await balancer.disconnect()
    busy, hanging = await with_one_busy(balancer, gateways)
    idlest = Counter(await balancer.answering_gateways(20))
    busy.release.set()
    (await hanging).close()

    assert set(in_turn.values()) == {4}
    assert of_keys[0] == of_keys[1]
    assert len(set(of_keys[0])) == 3
    assert busy.name not in idlest


async def test_who_is_sick_stays_sick(start_gateways, start_balancer, crowd, until):
    """A gateway that fails its checks gets nothing because of the change."""
    first, sick = await start_gateways(2)
    balancer = await start_balancer([first, sick])
    sick.is_ready = False
    await balancer.settled({first.name: "up", sick.name: "down"})
    before = len(sick.requests)

    crowd.start(balancer.client, 5)
    await balancer.put_policy("random")
    seen = crowd.statuses[200]
    await until(lambda: crowd.statuses[200] > seen + 100)
    await crowd.stop()
    await balancer.settled({first.name: "up", sick.name: "down"})

    assert set(crowd.statuses) == {200}
    assert len(sick.requests) == before


@pytest.mark.parametrize("which", [1, -1], ids=["engine", "its worker"])
async def test_an_engine_that_is_started_again_has_the_policy(start_gateways, start_balancer, until, which, engine):
    """The one of before its death, not that of the settings; and its worker, where it has one, likewise."""
    if engine in ONE_PROCESS and which == -1:
        pytest.skip("not offered: it is one process")
    gateways = await start_gateways(3)
    balancer = await start_balancer(gateways)
    await balancer.put_policy("hash_key")
    await balancer.disconnect()
    # After a change of policy the engine of before may still be there, finishing: the newest is meant.
    children = sorted(balancer.tree()[1:], key=lambda each: (each.ppid() != balancer.process.pid, each.pid))
    killed = children[-1] if which == -1 else [e for e in children if e.ppid() == balancer.process.pid][-1]

    killed.kill()
    await until(lambda: killed.pid not in {each.pid for each in balancer.tree()})
    await balancer.settled({gateway.name: "up" for gateway in gateways})
    rounds = [[await gateway_of(balancer, f"/echo?key={key}") for key in range(20)] for _ in range(2)]
    view = await balancer.put(gateways[1:])

    assert rounds[0] == rounds[1]  # in turn, 20 requests to three would not come out so
    assert set(view) == {gateway.name for gateway in gateways[1:]}


async def test_a_removed_gateway_is_needed_by_nobody(start_gateways, start_balancer, crowd, until):
    """Not even by connections from before the policy was changed: when PUT has answered, it can be killed."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways)
    crowd.start(balancer.client, 10)
    await until(lambda: crowd.statuses[200] > 50)

    await balancer.put_policy("random")
    await balancer.put(gateways[1:])
    await gateways[0].kill()
    seen = crowd.statuses[200]
    await until(lambda: crowd.statuses[200] > seen + 100)
    await crowd.stop()

    assert set(crowd.statuses) == {200}


async def test_a_stream_that_is_open_goes_on(start_gateways, start_balancer):
    """Through two changes, and to its end."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways)
    async with balancer.client.get("/sse") as stream:
        [serving] = [one for one in gateways if ("GET", "/sse") in one.requests]
        received = []
        for number, policy in enumerate(("random", "hash_key")):
            await balancer.put_policy(policy)
            serving.chunks.put_nowait(b"data: %d" % number)
            received.append(await stream.content.readany())
        serving.chunks.put_nowait(None)
        rest = await stream.content.read()

    assert received == [b"data: 0", b"data: 1"]
    assert rest == b""


async def test_the_policy_can_be_changed_again_and_again(start_gateways, start_balancer, crowd):
    """The processes of before do not pile up, though idle connections hold them."""
    balancer = await start_balancer(await start_gateways(1), drain_timeout_s=0.5, graceful_timeout_s=0.5)
    idle = []

    for number in range(8):
        reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
        writer.write(b"GET /echo HTTP/1.1\r\nHost: lab\r\n\r\n")
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"200"
        idle.append(writer)
        assert (await balancer.put_policy(("random", "hash_key")[number % 2]))[0] == 200
        assert len(balancer.tree()) <= 9
    for writer in idle:
        writer.close()

    assert await balancer.answering_gateways(1)


async def test_a_policy_that_it_lacks_is_refused(start_gateways, start_balancer, engine):
    """With a reason; it goes on as before."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways)

    unknown, _ = await balancer.put_policy("fastest_first")
    status, answer = await balancer.put_policy("peak_ewma")
    shares = Counter(await balancer.answering_gateways(10))

    assert unknown == 400
    if engine == "python":
        assert status == 200
    else:
        assert status == 503
        assert "has no policy 'peak_ewma'; it has round_robin, " in answer["detail"]
        assert set(shares.values()) == {5}


async def gateway_of(balancer, target):
    async with balancer.client.get(target) as response:
        return (await response.json())["gateway"]
