"""One fetch for all who miss, over all gateways; and what happens when the one who fetches dies."""

import asyncio
import json
import time

import pytest

from scalelab.stack.cache.resp_client import RespClient

pytestmark = pytest.mark.integration

SIMULTANEOUS = 1000
ATTEMPTS = 6


def wait_until(is_true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


async def read(gateway, target):
    """Status, X-Cache, Cache-Status and body of one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*gateway.address)
    head = f"GET {target} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {gateway.token}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.decode().partition("\r\n\r\n")
    status_line, *lines = head.split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return int(status_line.split()[1]), fields["x-cache"], fields["cache-status"], body


async def read_at_all(gateways, target, number):
    return await asyncio.gather(*(read(gateways[one % len(gateways)], target) for one in range(number)))


@pytest.fixture
def gateways(start_gateway):
    started = [start_gateway() for _ in range(3)]
    started[0].login()
    for gateway in started:
        gateway.token = started[0].token
    return started


def test_a_thousand_simultaneous_misses_reach_the_service_once(gateways, services):
    """C16, C17: over three gateways; all have the same answer, one of them by the one fetch.

    A gateway that a busy machine kept from hearing of its cache within the bound fetches by itself, and says so.
    Such an attempt is made again with another key.
    """
    services.delay_s = 1.5
    for key in range(1, ATTEMPTS + 1):
        answers = asyncio.run(read_at_all(gateways, f"/data?key={key}", SIMULTANEOUS))
        unheard = [said for _, _, said, _ in answers if said.endswith("detail=cache-timeout")]
        assert services.asked.count(f"GET /records/{key}") == 1 + len(unheard)
        if not unheard:
            break

    assert services.asked.count(f"GET /records/{key}") == 1
    assert {(status, json.loads(body)["value"]) for status, _, _, body in answers} == {(200, "first")}
    outcomes = [outcome for _, outcome, _, _ in answers]
    assert outcomes.count("MISS") == 1
    assert set(outcomes) <= {"MISS", "COALESCED", "HIT"}
    assert outcomes.count("COALESCED") > SIMULTANEOUS / 2
    assert {said for _, outcome, said, _ in answers if outcome == "COALESCED"} == {
        "scalelab; fwd=uri-miss; collapsed"
    }


async def emptied(valkey):
    client = RespClient(valkey.url)
    await client.execute("FLUSHALL")
    await client.aclose()


def test_an_emptied_store_costs_one_fetch(gateways, services, valkey):
    """C43: all is lost at once while three hundred ask; the service hears of it once."""
    services.delay_s = 0.3
    asyncio.run(read_at_all(gateways, "/data?key=9", 30))
    before = services.asked.count("GET /records/9")

    asyncio.run(emptied(valkey))
    answers = asyncio.run(read_at_all(gateways, "/data?key=9", 300))

    unheard = [said for _, _, said, _ in answers if "detail=cache" in said]
    assert {status for status, *_ in answers} == {200}
    assert services.asked.count("GET /records/9") - before <= 1 + len(unheard)


def test_a_gateway_that_is_killed_while_it_fetches_harms_its_own_clients_only(gateways, services):
    """C17, C30: its lease dies with it; the others have one new fetch made, and all of their clients an answer."""
    services.delay_s = 2.0
    leader, *others = gateways

    async def story():
        doomed = [asyncio.create_task(read(leader, "/data?key=1")) for _ in range(10)]
        await asyncio.to_thread(wait_until, lambda: "GET /records/1" in services.asked)
        waiting = asyncio.create_task(read_at_all(others, "/data?key=1", 200))
        await asyncio.sleep(0.3)
        leader.process.kill()
        worker_gone = await asyncio.gather(*doomed, return_exceptions=True)
        return worker_gone, await waiting

    _, answers = asyncio.run(story())

    assert {(status, json.loads(body)["value"]) for status, _, _, body in answers} == {(200, "first")}
    assert services.asked.count("GET /records/1") == 2


def test_misses_of_different_records_do_not_wait_for_each_other(gateways, services):
    """Each has a fetch of its own, all at once."""
    services.delay_s = 0.5

    async def story():
        return await asyncio.gather(*(read(gateways[key % 3], f"/data?key={key}") for key in range(1, 31)))

    began_s = time.monotonic()
    answers = asyncio.run(story())

    assert {answer[:2] for answer in answers} == {(200, "MISS")}
    assert time.monotonic() - began_s < 30 * 0.5 / 2


def test_a_service_that_is_away_is_not_asked_by_everybody(start_gateway, services):
    """C20: a failure is shared by those who waited here, and each gateway tries once."""
    several = [start_gateway(upstream_timeout_s=0.5) for _ in range(3)]
    several[0].login()
    services.delay_s = 3.0
    for gateway in several:
        gateway.token = several[0].token

    answers = asyncio.run(read_at_all(several, "/data?key=1", 90))

    assert {status for status, _, _, _ in answers} == {504}
    assert len({json.loads(body)["request_id"] for _, _, _, body in answers}) == 90
    assert services.asked.count("GET /records/1") <= 3


def test_without_valkey_each_gateway_still_coalesces(gateways, services, valkey):
    """C42: the shared lease is gone; one fetch for who came first, one for all who came while it was under way."""
    services.delay_s = 1.5
    valkey.kill()

    answers = asyncio.run(read_at_all(gateways, "/data?key=1", 300))

    assert {status for status, _, _, _ in answers} == {200}
    assert services.asked.count("GET /records/1") <= 6
