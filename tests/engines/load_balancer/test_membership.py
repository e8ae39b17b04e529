"""Gateways come and go while requests do: what every engine promises."""

import asyncio
from collections import Counter

import pytest

pytestmark = pytest.mark.integration


async def test_no_request_fails_while_gateways_come_and_go(start_gateways, use_balancer, crowd, until):
    """Thirty clients, POST among them; from one gateway to three, to two others, to one: every answer is 200."""
    gateways = await start_gateways(5)
    balancer = await use_balancer(gateways[:1])

    crowd.start(balancer.client, 30)
    for members in (gateways[:3], gateways[3:], gateways[2:3], gateways[:2]):
        view = await balancer.put(members)
        assert {name: member["state"] for name, member in view.items()} == {gateway.name: "up" for gateway in members}
        seen = Counter(crowd.gateways)
        await until(lambda seen=seen, members=members: all(crowd.gateways[g.name] > seen[g.name] for g in members))
        removed_seen = {gateway.name: len(gateway.requests) for gateway in gateways if gateway not in members}
        await asyncio.sleep(0.1)
        assert removed_seen == {gateway.name: len(gateway.requests) for gateway in gateways if gateway not in members}
    await crowd.stop()

    assert set(crowd.statuses) == {200}


async def test_a_removed_gateway_can_be_killed_at_once(start_gateways, use_balancer, crowd, until):
    """When PUT has answered, nobody needs the removed gateway any longer."""
    gateways = await start_gateways(3)
    balancer = await use_balancer(gateways)

    crowd.start(balancer.client, 20)
    await until(lambda: crowd.statuses[200] > 50)
    await balancer.put(gateways[1:])
    await gateways[0].kill()
    seen = crowd.statuses[200]
    await until(lambda: crowd.statuses[200] > seen + 100)
    await crowd.stop()

    assert set(crowd.statuses) == {200}


async def test_a_drained_gateway_finishes_its_requests(start_gateways, use_balancer, until):
    """PUT answers only when the removed gateway's request in flight has been answered."""
    first, second = await start_gateways(2)
    balancer = await use_balancer([first])
    asking = asyncio.create_task(balancer.client.get("/hold"))
    await until(lambda: first.requests)

    removing = asyncio.create_task(balancer.put([second]))
    await balancer.settled({first.name: "draining", second.name: "up"})
    meanwhile = await balancer.answering_gateways(3)
    is_waiting = not removing.done()
    first.release.set()
    async with await asking as response:
        status = response.status
    view = await removing

    assert is_waiting
    assert meanwhile == [second.name] * 3
    assert status == 200
    assert list(view) == [second.name]


async def test_the_drain_time_is_a_limit(start_gateways, use_balancer, until):
    """A request that outlives it is broken off, and PUT answers."""
    first, second = await start_gateways(2)
    balancer = await use_balancer([first, second])
    asking = [asyncio.create_task(balancer.client.post("/hold", data=b"x")) for _ in range(2)]
    await until(lambda: first.requests and second.requests)

    async with asyncio.timeout(5):
        view = await balancer.put([second], drain_timeout_s=0.2)
    await until(lambda: first.cancelled == 1, "cancellation")
    second.release.set()
    statuses = []
    for response in await asyncio.gather(*asking):
        async with response:
            statuses.append(response.status)

    assert list(view) == [second.name]
    assert sorted(statuses) == [200, 502]


async def test_put_is_idempotent(start_gateways, use_balancer):
    """The same list again changes nothing and answers the same."""
    gateways = await start_gateways(2)
    balancer = await use_balancer(gateways)

    views = [await balancer.put(gateways) for _ in range(3)]

    assert views[0] == views[1] == views[2]
    assert set(views[0]) == {gateway.name for gateway in gateways}


async def test_a_gateway_that_moves_keeps_its_name(start_gateways, use_balancer):
    """Same name, other port: the new address takes over without a gap."""
    old, new = await start_gateways(2)
    new.name = old.name
    balancer = await use_balancer([old])

    view = await balancer.put([new])
    before = len(old.requests)
    await balancer.answering_gateways(3)

    assert view[new.name]["port"] == new.port
    assert len(old.requests) == before
    assert len(new.requests) == 3


async def test_a_new_gateway_waits_for_its_check(start_gateways, use_balancer):
    """Not ready yet: PUT waits no longer than it was told, no request goes there, and it joins when it is ready."""
    first, late = await start_gateways(2)
    late.is_ready = False
    balancer = await use_balancer([first])

    view = await balancer.put([first, late], drain_timeout_s=0.3)
    before = await balancer.answering_gateways(4)
    late.is_ready = True
    await balancer.settled({first.name: "up", late.name: "up"})
    for _ in range(20):  # on a busy machine a check may be late, and a member out for a moment
        after = await balancer.answering_gateways(4)
        if set(after) == {first.name, late.name}:
            break

    assert view[late.name]["state"] == "down"
    assert set(before) == {first.name}
    assert set(after) == {first.name, late.name}


async def test_a_sick_member_stays_sick_over_a_change(start_gateways, use_balancer):
    """Adding and removing others does not bring it back, and a removed one is not checked any longer."""
    first, sick, third = await start_gateways(3)
    balancer = await use_balancer([first, sick])
    sick.is_ready = False
    await balancer.settled({first.name: "up", sick.name: "down"})

    view = await balancer.put([sick, third], drain_timeout_s=1.0)
    answering = await balancer.answering_gateways(4)
    checks_before = first.checks
    await asyncio.sleep(0.35)

    assert {name: member["state"] for name, member in view.items()} == {sick.name: "down", third.name: "up"}
    assert set(answering) == {third.name}
    assert first.checks == checks_before


async def test_all_members_may_go_and_come_back(start_gateways, use_balancer):
    """An empty list is a membership too: 503 until somebody comes."""
    gateways = await start_gateways(1)
    balancer = await use_balancer(gateways)

    nobody = await balancer.put([])
    async with balancer.client.get("/echo") as response:
        status = response.status
    await balancer.put(gateways)

    assert nobody == {}
    assert status == 503
    assert await balancer.answering_gateways(1) == [gateways[0].name]
