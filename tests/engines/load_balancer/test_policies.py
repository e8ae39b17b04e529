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
    [("round_robin", 30, 30), ("least_connections", 0, 0), ("power_of_two", 0, 24), ("random", 14, 46)],
)
async def test_what_a_busy_gateway_is_given(start_gateways, start_balancer, policy, least, most):
    """Of 60 requests one after the other: half, none, at most what two equal draws give it, about half."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways, policy=policy)
    busy, hanging = await with_one_busy(balancer, gateways)

    names = Counter(await balancer.answering_gateways(60))

    busy.release.set()
    (await hanging).close()
    assert least <= names[busy.name] <= most
    assert names.total() == 60
