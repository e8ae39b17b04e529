"""A request's time at the gateway: shared by the queue, all attempts and the cache, and never longer than allowed."""

import asyncio

from scalelab.stack.upstream.time_left import left_s


async def settle():
    for _ in range(40):
        await asyncio.sleep(0)


async def test_without_the_setting_there_is_no_limit(lab, scripted):
    """Not even for who wishes for one."""
    left = []
    lab.database.answers = [lambda _path: left.append(left_s()) or scripted.record(1)]

    await lab.client.get("/data?key=1", X_Request_Timeout="0")

    assert left == [float("inf")]


async def test_a_client_may_ask_for_less_and_never_for_more(build_lab, scripted):
    """Of a second that every request has."""
    lab = build_lab(deadline_s=1.0, client_deadlines=True, cache_ttl_s=0)
    left = []

    def note(_path):
        left.append(left_s())
        return scripted.record(1)

    lab.database.answers = [note]
    for wish in ("0.5", "30", "soon"):
        await lab.client.get("/data?key=1", X_Request_Timeout=wish)

    assert 0 < left[0] <= 0.5
    assert all(0.5 < one_s <= 1.0 for one_s in left[1:])


async def test_without_leave_a_wish_changes_nothing(build_lab, scripted):
    """A client could otherwise make the service look slow."""
    lab = build_lab(deadline_s=1.0, cache_ttl_s=0)

    assert (await lab.client.get("/data?key=1", X_Request_Timeout="0")).status == 200


async def test_the_wait_for_a_slot_counts(build_lab):
    """504 in the queue; who left it holds nothing up, and nothing was sent."""
    lab = build_lab(upstream_slots=1, client_deadlines=True, cache_ttl_s=0)
    lab.database.open.clear()
    holder = asyncio.create_task(lab.client.get("/data?key=1"))
    await lab.database.was_asked.wait()

    late = await lab.client.get("/data?key=2", X_Request_Timeout="0.01")
    waiting = lab.parts.slots.queue_length
    lab.database.open.set()

    assert (late.status, waiting) == (504, 0)
    assert (await holder).status == 200
    assert lab.database.asked == ["GET /records/1"]
    lab.metrics.exposition()
    assert lab.metric("scalelab_deadlines_exceeded_total") == 1


async def test_who_is_in_a_hurry_ends_no_fetch_of_others(build_lab):
    """The first of two who wait for the same fetch leaves at its end; the second gets the answer."""
    lab = build_lab(client_deadlines=True)
    lab.database.open.clear()
    hasty = asyncio.create_task(lab.client.get("/data?key=1", X_Request_Timeout="0.01"))
    await lab.database.was_asked.wait()
    patient = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()

    late = await hasty
    lab.database.open.set()

    assert late.status == 504
    assert repr(await patient) == "200 COALESCED"
    assert lab.database.asked == ["GET /records/1"]


async def test_a_write_that_was_begun_is_finished(build_lab):
    """504 tells that nobody knows; the cache hears of it all the same."""
    lab = build_lab(client_deadlines=True)
    lab.database.open.clear()

    late = await lab.client.request(
        "PUT", "/data?key=1", body=b'{"value": "new"}', headers={"X-Request-Timeout": "0.01"}
    )
    lab.database.open.set()
    await lab.parts.writes.finish()

    assert late.status == 504
    assert lab.database.asked == ["PUT /records/1"]


async def test_the_fault_is_explained_by_the_name_of_the_standard(build_lab):
    """RFC 9209."""
    lab = build_lab(client_deadlines=True, explain_answers=True)

    answer = await lab.client.get("/data?key=1", X_Request_Timeout="0")

    assert answer.status in {200, 504}  # a service that answers at once may still be in time
    lab.database.open.clear()
    answer = await lab.client.get("/data?key=2", X_Request_Timeout="0")
    assert answer["Proxy-Status"] == "scalelab; error=http_response_timeout"
