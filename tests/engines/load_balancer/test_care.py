"""How members are cared for, through every engine that offers it."""

import asyncio
from collections import Counter

import aiohttp
import pytest

pytestmark = pytest.mark.integration

EJECTED = {
    "python": 'scalelab_member_ejections_total{{member="{member}"}} 1.0',
    "envoy": 'envoy_cluster_outlier_detection_ejections_active{{envoy_cluster_name="gateways"}} 1',
}
"""How the metrics tell of it."""
MOST_FAULTS = {"python": 3, "envoy": 6}
"""Envoy's threads hear of an ejection from its main thread, a moment later."""


async def test_a_heavy_gateway_gets_more(start_gateways, use_balancer):
    """Three to one, and after a change one to three. Where in its round it begins is an engine's own."""
    heavy, light = await start_gateways(2)
    heavy.weight = 3
    balancer = await use_balancer([heavy, light])

    before = Counter(await balancer.answering_gateways(40))
    heavy.weight, light.weight = 1, 3
    await balancer.put([heavy, light])
    after = Counter(await balancer.answering_gateways(40))

    assert 28 <= before[heavy.name] <= 32
    assert 8 <= after[heavy.name] <= 12
    assert before.total() == after.total() == 40


async def test_an_old_connection_ends_with_its_next_answer(start_gateways, start_balancer):
    """B18: the answer comes and says so; a young connection goes on."""
    balancer = await start_balancer(await start_gateways(1), max_connection_age_s=0.2)
    request = b"GET /echo HTTP/1.1\r\nHost: lab\r\n\r\n"

    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        is_young_kept = b"connection: close" not in head.lower()
        await asyncio.sleep(0.3)
        writer.write(request)
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert is_young_kept
    assert b"HTTP/1.1 200 " in rest
    assert b"\r\nconnection: close\r\n" in rest.lower()


async def test_a_newcomer_begins_slowly(start_gateways, start_balancer):
    """B25: of two gateways the one that has just come gets about a tenth of what the other gets, and no half."""
    first, newcomer = await start_gateways(2)
    balancer = await start_balancer([first], slow_start_s=600.0)

    await balancer.put([first, newcomer])
    names = Counter(await balancer.answering_gateways(110))

    assert 9 <= names[newcomer.name] <= 12


async def test_who_fails_all_requests_is_left_alone(start_gateways, start_balancer, engine):
    """Though its checks pass: after three faults in a row the other answers all; the last one stays."""
    good, bad = await start_gateways(2)
    bad._on_echo = bad._on_fault
    balancer = await start_balancer([good, bad], ejection_failures=3, ejection_s=600.0)

    statuses = await _statuses(balancer, 20)
    view = await balancer.view()
    good._on_echo = good._on_fault
    alone = await _statuses(balancer, 5)
    async with aiohttp.ClientSession(balancer.admin_url) as admin, admin.get("/metrics") as response:
        metrics = await response.text()

    assert 3 <= statuses.count(500) <= MOST_FAULTS[engine]
    assert set(statuses[-8:]) == {200}
    assert (view[bad.name]["state"], view[good.name]["state"]) == ("down", "up")
    assert alone == [500] * 5
    assert EJECTED[engine].format(member=bad.name) in metrics


async def test_when_no_check_passes_all_are_used(start_gateways, start_balancer):
    """Panic: whose checks are wrong still answers; without it the same clients get 503."""
    gateways = await start_gateways(2)
    balancer = await start_balancer(gateways, panic_share=0.4)
    for gateway in gateways:
        gateway.is_ready = False
    await balancer.settled({gateway.name: "down" for gateway in gateways})

    names = Counter(await balancer.answering_gateways(10))

    assert names == {gateway.name: 5 for gateway in gateways}


async def _statuses(balancer, requests):
    statuses = []
    for _ in range(requests):
        async with balancer.client.get("/echo") as response:
            statuses.append(response.status)
    return statuses


@pytest.mark.parametrize("engine", ["haproxy"], indirect=True)
async def test_haproxy_begins_slowly_with_who_was_down(start_gateways, start_balancer):
    """As every gateway was before its first check: HAProxy itself says how little counts of its weight."""
    [gateway] = await start_gateways(1)
    gateway.weight = 100
    balancer = await start_balancer([gateway], slow_start_s=600.0)

    reader, writer = await asyncio.open_unix_connection(balancer.directory / "runtime" / "haproxy.sock")
    writer.write(b"show stat\n")
    names, *rows = (await reader.read()).decode().removeprefix("# ").splitlines()
    writer.close()
    await writer.wait_closed()
    [row] = [dict(zip(names.split(","), row.split(","), strict=True)) for row in rows if f",{gateway.name}," in row]

    assert row["status"] == "UP"
    assert int(row["weight"]) < 100
