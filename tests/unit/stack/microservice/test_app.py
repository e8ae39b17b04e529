"""`/process` in process, against a scripted database service."""

import asyncio

import pytest
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import Route

from scalelab.contracts.processing import ProcessView
from scalelab.contracts.records import RecordRange
from scalelab.contracts.topology import Delay
from scalelab.stack.microservice.app import ProcessRoute, create_app
from scalelab.stack.microservice.processing import process_records
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics


@pytest.fixture
async def app(settings, started):
    application = create_app(settings)
    async with started(application):
        yield application


def _answering(records):
    async def reply(_request):
        return web.Response(text=RecordRange(records=records).model_dump_json())

    return reply


async def test_eight_records_are_fetched_in_one_call(app, ask, database, make_record):
    """One request to the database service, and the result of its records."""
    records = tuple(make_record(key) for key in range(5, 13))
    database.reply = _answering(records)

    answer = await ask(app, "GET", "/process?key=5")

    assert answer.status == 200
    assert ProcessView.model_validate_json(answer.body) == process_records(records)
    assert database.requests == ["/records?first_key=5&count=8"]


@pytest.mark.parametrize("query", ["", "key=", "key=0", "key=x", "key=1&key=2", "key=-1", "key=1%0a"])
async def test_a_bad_key_asks_nobody(app, ask, database, query):
    """400 before any call."""
    answer = await ask(app, "GET", f"/process?{query}")

    assert (answer.status, database.requests) == (400, [])


@pytest.mark.parametrize(("status", "expected"), [(404, 404), (503, 503), (500, 502)])
async def test_trouble_upstream_becomes_a_problem(app, ask, database, log_lines, status, expected):
    """404 and 503 (with Retry-After) are passed on, another status is a bad gateway."""

    async def reply(_request):
        return web.Response(status=status, headers={"Retry-After": "7"})

    database.reply = reply

    answer = await ask(app, "GET", "/process?key=5")

    assert (answer.status, answer.document["status"]) == (expected, expected)
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


async def test_a_torn_record_is_a_bad_gateway(app, ask, database, make_record, log_lines):
    """A record whose checksum does not fit is not worked on, and the log says which."""
    database.reply = _answering((make_record(5).model_copy(update={"value": "torn"}),))

    answer = await ask(app, "GET", "/process?key=5")

    assert answer.status == 502
    assert [line["reason"] for line in log_lines if line["event"] == "records_missing"] == [
        "database service: record 5 is torn"
    ]


async def test_a_database_that_does_not_answer_is_a_gateway_timeout(settings, started, ask, database):
    """504 after the upstream timeout."""

    async def reply(_request):
        await asyncio.Event().wait()

    database.reply = reply
    app = create_app(settings.model_copy(update={"upstream_timeout_s": 0.05}))

    async with started(app):
        answer = await ask(app, "GET", "/process?key=5")

    assert answer.status == 504


async def test_a_database_that_is_not_there_is_unavailable(settings, started, ask):
    """503 when the connection is refused: nothing was done, come back."""
    app = create_app(settings.model_copy(update={"database_url": "http://127.0.0.1:1"}))

    async with started(app):
        answer = await ask(app, "GET", "/process?key=5")

    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


async def test_the_call_upstream_ends_when_the_client_goes(app, ask, database):
    """A client that leaves takes the call to the database with it."""
    gone, was_cancelled = asyncio.Event(), asyncio.Event()

    async def reply(_request):
        gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    database.reply = reply

    answer = await ask(app, "GET", "/process?key=5", gone=gone)
    await was_cancelled.wait()

    assert answer.status == 499


async def test_what_is_left_travels_on_to_the_database(app, ask, database):
    """Less than the caller gave, and 504 when it is over; the call is given up."""
    told, was_cancelled = [], asyncio.Event()

    async def reply(request):
        told.append(float(request.headers["X-Request-Timeout"]))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    database.reply = reply

    answer = await ask(app, "GET", "/process?key=5", headers={"X-Request-Timeout": "0.05"})
    await was_cancelled.wait()

    assert answer.status == 504
    assert 0 < told[0] <= 0.05


async def test_the_service_time_comes_after_the_work(settings, ask, database, make_record):
    """Once for each answer, not for a refusal."""
    sleeps = []

    async def sleep(duration_s):
        sleeps.append((duration_s, len(database.requests)))

    database.reply = _answering((make_record(5),))
    route = ProcessRoute(settings, SimulatedDelay(Delay(mean_s=0.05), sleep), TimeKeeper(ServiceMetrics()))
    app = Starlette(routes=[Route("/process", route.answer)])

    async with route.opened():
        await ask(app, "GET", "/process?key=5")
        await ask(app, "GET", "/process?key=6")

    assert sleeps == [(0.05, 1)]
