"""Every policy through every engine: who gets the next request while somebody is busy."""

import asyncio
from collections import Counter

import pytest

pytestmark = pytest.mark.integration


async def with_one_busy(balancer, gateways):
    """One gateway has a request in hand that does not end; its name."""
    hanging = asyncio.create_task(balancer.client.get("/hold"))
    while not any(("GET", "/hold") in gateway.requests for gateway in gateways):  # noqa: ASYNC110  told by nobody
        await asyncio.sleep(0.01)
    busy = next(gateway for gateway in gateways if ("GET", "/hold") in gateway.requests)
    return busy, hanging


@pytest.mark.parametrize(
    ("policy", "least", "most"),
    [("round_robin", 100, 100), ("least_connections", 0, 0), ("power_of_two", 0, 110), ("random", 40, 160)],
)
async def test_what_a_busy_gateway_is_given(start_gateways, start_balancer, policy, least, most):
    """Of 200 requests one after the other: half, none, at most what two equal draws give it, about half.

    HAProxy draws on a ring of hashes, on which two gateways have not quite the same share: two thirds, say.
    """
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways, policy=policy)
    busy, hanging = await with_one_busy(balancer, gateways)

    names = Counter(await balancer.answering_gateways(200))

    busy.release.set()
    (await hanging).close()
    assert least <= names[busy.name] <= most
    assert names.total() == 200


async def gateway_of(balancer, target, headers=None):
    async with balancer.client.get(target, headers=headers) as response:
        return (await response.json())["gateway"]


async def test_a_key_has_its_gateway(start_gateways, start_balancer):
    """The same for each of 30 keys, three times; and not all of them at one gateway."""
    balancer = await start_balancer(await start_gateways(3), policy="hash_key")

    rounds = [[await gateway_of(balancer, f"/echo?key={key}") for key in range(30)] for _ in range(3)]

    assert rounds[0] == rounds[1] == rounds[2]
    assert len(set(rounds[0])) == 3


async def test_a_user_has_a_gateway(start_gateways, start_balancer):
    """Told by the token, whatever is asked for; without one in turn, or by chance."""
    balancer = await start_balancer(await start_gateways(3), policy="hash_user")

    rounds = [
        [
            await gateway_of(balancer, f"/echo?key={number}", {"Authorization": f"Bearer token-{user}"})
            for user in range(30)
        ]
        for number in range(2)
    ]
    in_turn = {await gateway_of(balancer, "/echo") for _ in range(40)}

    assert rounds[0] == rounds[1]
    assert len(set(rounds[0])) == len(in_turn) == 3
