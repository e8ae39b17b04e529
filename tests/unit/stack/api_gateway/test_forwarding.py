"""What a client sees of the services behind the gateway, and what they see of it."""

import asyncio

import pytest

SLOTS_IN_USE = "scalelab_upstream_slots_in_use"
QUEUE_LENGTH = "scalelab_upstream_queue_length"


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"), [("unreachable", 503, "1"), ("broken", 502, None), ("timeout", 504, None)]
)
async def test_a_fault_has_the_status_that_means_it(lab, scripted, kind, status, retry_after):
    """Who was not reached has done nothing: come back. And no fault is stored: the next request asks again."""
    lab.database.answers = [scripted.fault(kind), scripted.record(1)]
    fault, healed = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert (fault.status, repr(healed)) == (status, "200 MISS")
    assert fault["Retry-After"] == retry_after
    assert fault["Content-Type"] == "application/problem+json"


async def test_a_service_that_is_left_alone_is_503_with_the_time_to_come_back(lab, scripted):
    """The breaker's word, told as a problem."""
    lab.database.answers = [scripted.fault("left_alone")]

    answer = await lab.client.get("/data?key=1")

    assert (answer.status, answer["Retry-After"]) == (503, "1")
    assert "left alone for a while" in answer.json["detail"]


@pytest.mark.parametrize(
    ("status", "seen"), [(500, 502), (501, 502), (502, 502), (503, 503), (504, 504), (400, 400), (404, 404)]
)
async def test_a_status_of_the_service_is_passed_on_where_it_means_the_same(lab, scripted, status, seen):
    """A service that failed is a bad gateway; one that is busy is busy."""
    lab.database.answers = [scripted.ok({"status": status}, ("Retry-After", "3"), status=status)]

    answer = await lab.client.get("/data?key=1")

    assert answer.status == seen
    assert (answer["Retry-After"] == "3") == (status in {400, 404, 503, 504})


async def test_headers_of_the_hop_stay_on_the_hop(lab, scripted):
    """Those of the standard, those that Connection names, and those that the gateway sets itself."""
    lab.database.answers = [
        scripted.ok(
            {},
            ("Connection", "X-Custom, keep-alive"),
            ("X-Custom", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
            ("Server", "a"),
            ("X-Cache", "HIT"),
            ("X-Scalelab-Instance", "database-1"),
            ("X-Kept", "1"),
        )
    ]

    for answer in [await lab.client.get("/data?key=1") for _ in range(2)]:
        names = {name for name, _ in answer.headers}
        assert names & {"connection", "x-custom", "keep-alive", "transfer-encoding", "server"} == set()
        assert (answer["X-Kept"], answer["X-Scalelab-Instance"]) == ("1", "api_gateway-1")


async def test_no_more_requests_are_open_than_there_are_slots(build_lab):
    """Ten at once through two slots: never more than two at the database, all answered."""
    lab = build_lab(upstream_slots=2)
    lab.database.open.clear()
    asking = [asyncio.create_task(lab.client.get(f"/data?key={key}")) for key in range(1, 11)]
    await settle()
    gauges = (lab.metric(SLOTS_IN_USE), lab.metric(QUEUE_LENGTH), lab.metric("scalelab_upstream_slots_limit"))
    lab.database.open.set()
    answers = await asyncio.gather(*asking)

    assert gauges == (2, 8, 2)
    assert lab.database.most_in_flight == 2
    assert {answer.status for answer in answers} == {200}
    assert lab.metric(SLOTS_IN_USE) == lab.metric(QUEUE_LENGTH) == 0


async def test_no_slot_in_time_is_503_with_retry_after(build_lab):
    """The one in hand goes on."""
    lab = build_lab(upstream_slots=1, slot_wait_timeout_s=0.0)
    lab.database.open.clear()
    first = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    second = await lab.client.get("/data?key=2")
    lab.database.open.set()

    assert (second.status, second["Retry-After"]) == (503, "1")
    assert (await first).status == 200


async def test_a_client_that_leaves_the_queue_costs_the_service_nothing(build_lab, scripted):
    """Gone while it waits: 499 in the metrics, no request upstream, no place in the queue."""
    lab = build_lab(upstream_slots=1)
    lab.database.open.clear()
    first = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()
    leaver = scripted.client(lab.client._app)
    leaver.token = lab.client.token
    second = asyncio.create_task(leaver.get("/data?key=2"))
    await settle()

    leaver.leave()
    gone = await second
    queue_length = lab.metric(QUEUE_LENGTH)
    lab.database.open.set()
    await first

    assert (gone.status, queue_length) == (499, 0)
    assert lab.database.asked == ["GET /records/1"]
    assert lab.metric("scalelab_requests_total", route="/data", method="GET", status="499") == 1


async def test_a_client_that_leaves_gives_its_slot_back(build_lab):
    """The request upstream is given up, and nothing of it is stored."""
    lab = build_lab(upstream_slots=1)
    lab.database.open.clear()
    asking = asyncio.create_task(lab.client.get("/data?key=1"))
    await settle()

    lab.client.leave()
    gone = await asking

    assert gone.status == 499
    assert (lab.database.in_flight, lab.metric(SLOTS_IN_USE)) == (0, 0)
    assert repr(lab.parts.cache) == "<memory cache: 0 entries, 0 bytes>"
