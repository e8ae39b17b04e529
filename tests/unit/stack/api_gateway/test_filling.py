"""A miss of many: who fetches, who waits, and who must not."""

import asyncio

import pytest

from scalelab.stack.api_gateway.app import assemble
from scalelab.stack.service_kit.metrics import ServiceMetrics


async def settle():
    for _ in range(40):
        await asyncio.sleep(0)


async def at_once(lab, number, target="/data?key=1"):
    """As many readers, the service answering when all of them wait."""
    lab.database.open.clear()
    reading = [asyncio.create_task(lab.client.get(target)) for _ in range(number)]
    await settle()
    lab.database.open.set()
    return await asyncio.gather(*reading)


async def test_who_misses_together_has_one_fetch(lab):
    """C16: the first misses, the others say that they were collapsed; then it is stored."""
    answers = await at_once(lab, 50)

    assert lab.database.asked == ["GET /records/1"]
    assert sorted(answer["X-Cache"] for answer in answers) == ["COALESCED"] * 49 + ["MISS"]
    said = {answer["Cache-Status"] for answer in answers}
    assert said == {"scalelab; fwd=uri-miss; stored", "scalelab; fwd=uri-miss; collapsed"}
    assert len({(answer.status, answer.body, answer["ETag"]) for answer in answers}) == 1
    assert len({answer["X-Request-Id"] for answer in answers}) == 50
    assert repr(await lab.client.get("/data?key=1")) == "200 HIT"


async def test_without_coalescing_everybody_asks_for_himself(build_lab):
    """Switched off: as many fetches as misses, each a miss of its own; afterwards it is stored all the same."""
    lab = build_lab(coalescing=False)

    answers = await at_once(lab, 5)

    assert lab.database.asked == ["GET /records/1"] * 5
    assert [answer["X-Cache"] for answer in answers] == ["MISS"] * 5
    assert repr(await lab.client.get("/data?key=1")) == "200 HIT"


async def test_a_leader_who_leaves_harms_nobody(lab, scripted):
    """C18: the fetch goes on, its answer is stored."""
    leader = scripted.client(assemble(lab.settings, lab.parts, ServiceMetrics()))
    leader.token = lab.client.token
    lab.database.open.clear()
    leading = asyncio.create_task(leader.get("/data?key=1"))
    await settle()
    following = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    leader.leave()
    gone = await leading
    lab.database.open.set()

    assert (gone.status, repr(await following)) == (499, "200 COALESCED")
    assert lab.database.asked == ["GET /records/1"]


async def test_a_fetch_that_nobody_waits_for_is_broken_off(lab):
    """C19, C32: it costs the service nothing more, and nothing is stored of it."""
    lab.database.open.clear()
    reading = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    lab.client.leave()
    await reading
    await settle()

    assert lab.database.in_flight == 0


@pytest.mark.parametrize(
    "header", [("Cache-Control", "no-store"), ("Cache-Control", "private"), ("Set-Cookie", "a=b")]
)
async def test_an_answer_of_ones_own_is_given_to_nobody_else(lab, scripted, header):
    """C21: those who waited ask for themselves, all at once; who comes soon after does not wait at all."""
    numbers = iter(range(100))
    lab.database.answers = [lambda _path: scripted.ok({"number": next(numbers)}, header)]
    first = await at_once(lab, 5)
    lab.database.most_in_flight = 0
    later = await at_once(lab, 5)

    assert {answer["X-Cache"] for answer in (*first, *later)} == {"MISS"}
    assert len({answer.body for answer in (*first, *later)}) == 10
    assert lab.database.most_in_flight == 5


async def test_a_failure_is_shared_and_each_hears_of_it_by_the_own_id(lab, scripted):
    """C20: not everybody tries at once; the next who comes tries again."""
    lab.database.answers = [scripted.fault("unreachable"), scripted.record(1)]

    answers = await at_once(lab, 10)
    after = await lab.client.get("/data?key=1")

    assert {answer.status for answer in answers} == {503}
    assert all(answer.json["request_id"] == answer["X-Request-Id"] for answer in answers)
    assert (repr(after), len(lab.database.asked)) == ("200 MISS", 2)


async def test_who_reads_after_a_write_joins_no_fetch_from_before_it(lab, scripted):
    """The old fetch is still under way when the write is answered: the next reader has one of its own."""
    slow, quick = scripted.upstream(scripted.record(1, "old")), scripted.upstream(scripted.record(1, "new", 2))
    slow.open.clear()
    lab.parts.database = slow
    early = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    lab.parts.database = quick
    await lab.client.put("/data?key=1", "new")

    late = await lab.client.get("/data?key=1")
    slow.open.set()

    assert late.json["value"] == "new"
    assert (await early).json["value"] == "old"
    assert (await lab.client.get("/data?key=1")).json["value"] == "new"


async def test_nobody_joins_a_fetch_that_is_under_way_while_a_record_is_written(lab, scripted):
    """Who has seen the new value elsewhere would go back in time: the second reader's fetch begins after it came."""
    slow, quick = scripted.upstream(scripted.record(1, "old")), scripted.upstream(scripted.record(1, "new", 2))
    await lab.parts.cache.invalidate("record:1", writer="w", hold_s=60)
    slow.open.clear()
    lab.parts.database = slow
    early = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    lab.parts.database = quick
    late = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    slow.open.set()

    assert [(await one).json["value"] for one in (early, late)] == ["old", "new"]


@pytest.mark.parametrize(("ttl_s", "outcomes"), [(0.0, ["MISS", "MISS"]), (5.0, ["MISS", "HIT"])])
async def test_that_something_does_not_exist_is_remembered_if_so_set(build_lab, scripted, ttl_s, outcomes):
    """C34: by setting, with its status."""
    lab = build_lab(cache_negative_ttl_s=ttl_s)
    lab.database.answers = [scripted.ok({"status": 404}, status=404)]

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert [(answer.status, answer["X-Cache"]) for answer in answers] == [(404, outcome) for outcome in outcomes]


async def test_times_to_live_that_begin_together_end_apart(build_lab):
    """C41: shortened by the set share at most, never made longer."""
    lab = build_lab(cache_ttl_jitter=0.5, cache_ttl_s=100.0)
    for key in range(1, 31):
        await lab.client.get(f"/data?key={key}")
    answers = [await lab.client.get(f"/data?key={key}") for key in range(1, 31)]

    left_s = [int(answer["Cache-Status"].rpartition("=")[2]) for answer in answers]
    assert all(50 <= left <= 100 for left in left_s)
    assert len(set(left_s)) > 5
