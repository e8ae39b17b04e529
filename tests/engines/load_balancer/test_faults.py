"""What every engine does when a gateway fails."""

import asyncio
import json
from collections import Counter

import aiohttp
import pytest

pytestmark = pytest.mark.integration


async def _problem(response: aiohttp.ClientResponse) -> dict[str, object]:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(await response.read())
    assert problem["status"] == response.status
    assert problem["request_id"] == response.headers["X-Request-Id"] != ""
    return problem


async def test_no_gateway_up_is_503_with_retry_after(start_gateways, use_balancer):
    """Nobody is ready: the client is told to come back."""
    [gateway] = await start_gateways(1)
    gateway.is_ready = False
    balancer = await use_balancer([gateway])

    async with balancer.client.get("/echo", headers={"X-Request-Id": "mine"}) as response:
        problem = await _problem(response)

    assert response.status == 503
    assert int(response.headers["Retry-After"]) >= 1
    assert problem["request_id"] == "mine"
    assert gateway.requests == []


async def test_a_silent_gateway_is_504(start_gateways, start_balancer):
    """No answer within the response timeout; not asked again elsewhere."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways, response_timeout_s=0.3)

    async with balancer.client.get("/hold") as response:
        await _problem(response)

    assert response.status == 504
    assert sum(len(gateway.requests) for gateway in gateways) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_been_done_is_not_done_twice(start_gateways, use_balancer, method):
    """The gateway breaks off after it has read the body: 502, and no other gateway sees the request."""
    gateways = await start_gateways(3)
    balancer = await use_balancer(gateways)

    statuses = []
    for data in (b"once", b""):
        async with balancer.client.request(method, "/drop", data=data) as response:
            await _problem(response)
            statuses.append(response.status)

    assert statuses == [502, 502]
    assert sum(len(gateway.requests) for gateway in gateways) == 2


async def test_an_idempotent_request_is_replayed_elsewhere(start_gateways, use_balancer):
    """A gateway breaks off before the first byte of an answer: another one is asked, and answers."""
    first, second = await start_gateways(2)
    balancer = await use_balancer([first, second])
    first._on_hold = first._on_drop

    second.release.set()
    statuses = []
    for _ in range(6):
        async with balancer.client.get("/hold") as response:
            statuses.append(response.status)

    assert statuses == [200] * 6
    assert len(first.requests) >= 1


async def test_a_repeated_break_off_is_502(start_gateways, use_balancer):
    """No gateway answers a request that breaks them all; it is not tried for ever."""
    gateways = await start_gateways(3)
    balancer = await use_balancer(gateways)

    async with balancer.client.get("/drop") as response:
        await _problem(response)

    assert response.status == 502
    assert 2 <= sum(len(gateway.requests) for gateway in gateways) <= 4


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_tried_elsewhere(start_gateways, start_balancer, method):
    """A gateway stops accepting right after it passed its check: nothing was sent, so any method may go elsewhere."""
    first, second = await start_gateways(2)
    balancer = await start_balancer([first, second], health_interval_s=30.0)
    await first.kill()

    async with asyncio.timeout(5):
        answers = []
        for _ in range(6):
            async with balancer.client.request(
                method, "/echo", data=b"abc" if method == "POST" else None
            ) as response:
                answers.append((response.status, await response.json()))

    assert [(status, answer["gateway"]) for status, answer in answers] == [(200, second.name)] * 6
    assert {answer["body_bytes"] for _, answer in answers} == {3 if method == "POST" else 0}


async def test_all_connections_refused_is_a_gateway_error(start_gateways, start_balancer):
    """Before the checks have noticed: an error that says whose fault it is."""
    [gateway] = await start_gateways(1)
    balancer = await start_balancer([gateway], health_interval_s=30.0)
    await gateway.kill()

    async with balancer.client.get("/echo") as response:
        await _problem(response)

    assert (response.status, "Retry-After" in response.headers) == (503, True)


async def test_a_gateway_killed_under_load_costs_no_idempotent_request(start_gateways, use_balancer, until):
    """Thirty clients ask all the time; one of three gateways dies; everyone gets an answer."""
    gateways = await start_gateways(3)
    balancer = await use_balancer(gateways)
    statuses: Counter[int] = Counter()
    is_over = asyncio.Event()

    async def ask() -> None:
        while not is_over.is_set():
            async with balancer.client.get("/brief") as response:
                statuses[response.status] += 1
                await response.read()

    asking = [asyncio.create_task(ask()) for _ in range(30)]
    await until(lambda: sum(statuses.values()) > 100)
    await gateways[1].kill()
    killed_at = sum(statuses.values())
    await balancer.settled({gateways[0].name: "up", gateways[1].name: "down", gateways[2].name: "up"})
    await until(lambda: sum(statuses.values()) > killed_at + 200)
    is_over.set()
    await asyncio.gather(*asking)
    view = await balancer.view()

    assert set(statuses) == {200}
    assert {member["in_flight"] for member in view.values()} <= {0, None}  # nginx does not tell


async def test_a_killed_gateway_comes_back(start_gateways, use_balancer):
    """Checks go on while it is down; when it passes again, it gets its share."""
    first, second = await start_gateways(2)
    balancer = await use_balancer([first, second])
    await first.kill()
    await balancer.settled({first.name: "down", second.name: "up"})
    alone = await balancer.answering_gateways(4)

    await first.start()
    await balancer.settled({first.name: "up", second.name: "up"})
    for _ in range(20):  # of a busy machine the first round may be uneven
        together = await balancer.answering_gateways(4)
        if Counter(together) == {first.name: 2, second.name: 2}:
            break

    assert set(alone) == {second.name}
    assert Counter(together) == {first.name: 2, second.name: 2}


async def test_a_flapping_check_does_not_flap_the_member(start_gateways, start_balancer, until):
    """Good and bad checks in turn never make two bad ones in a row, which is what takes a member out."""
    first, second = await start_gateways(2)
    balancer = await start_balancer([first, second], health_fall=3, health_rise=2)
    ready, flapping = first._ready, 0

    async def flap(request):
        nonlocal flapping
        flapping += 1
        first.is_ready = flapping % 2 == 0
        return await ready(request)

    await first.stop()
    first._ready = flap
    await balancer.settled({first.name: "down", second.name: "up"})
    await first.start()
    await until(lambda: flapping > 12)
    state_coming = (await balancer.view())[first.name]["state"]

    first._ready = ready
    await first.stop()
    first.is_ready = True
    await first.start()
    await balancer.settled({first.name: "up", second.name: "up"})

    assert state_coming == "down"


async def test_a_gateway_is_never_asked_twice_for_one_request(start_gateways, use_balancer):
    """B07: the only one breaks off; nobody else is there, so the client is told, and it was asked once."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    async with balancer.client.get("/drop") as response:
        await _problem(response)

    assert response.status in {502, 503}
    assert len(gateway.requests) == 1
