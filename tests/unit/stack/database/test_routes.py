"""The database service's answers, over a real SQLite file and in process."""

import asyncio
import json
import sqlite3

import pytest
from starlette.applications import Starlette

from scalelab.contracts.records import Record, RecordRange, record_checksum
from scalelab.contracts.topology import Delay
from scalelab.stack.database.app import create_app
from scalelab.stack.database.query_pool import QueryPool
from scalelab.stack.database.routes import RecordRoutes
from scalelab.stack.database.seeding import Seeding, seeded_value
from scalelab.stack.database.sqlite import SqliteEngine
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics


@pytest.fixture
async def app(settings, started):
    application = create_app(settings)
    async with started(application):
        yield application


def _update(value):
    return json.dumps({"value": value}).encode()


async def test_a_record_proves_itself(app, ask):
    """The seeded record with its checksum, and an ETag of version and checksum."""
    answer = await ask(app, "GET", "/records/7")

    record = Record.model_validate_json(answer.body)
    assert answer.status == 200
    assert (record.key, record.version, record.value) == (7, 1, seeded_value(1, 7))
    assert record.is_whole()
    assert answer.headers["etag"] == f'"1-{record.checksum}"'


async def test_a_write_makes_a_new_version(app, ask):
    """PUT answers the record as written; GET then answers the same."""
    written = await ask(app, "PUT", "/records/7", _update("new"))
    read = await ask(app, "GET", "/records/7")

    assert written.document == {"key": 7, "version": 2, "value": "new", "checksum": record_checksum(7, 2, "new")}
    assert (read.document, read.headers["etag"]) == (written.document, written.headers["etag"])


async def test_concurrent_writes_lose_no_version(app, ask):
    """Ten writes at once: ten versions, each answered once."""
    answers = await asyncio.gather(*(ask(app, "PUT", "/records/7", _update(f"value {n}")) for n in range(10)))

    assert sorted(answer.document["version"] for answer in answers) == list(range(2, 12))


async def test_a_range_takes_what_is_there(app, ask):
    """Near the end of the table there are fewer records; beyond it there are none."""
    inside, at_end, beyond = [
        RecordRange.model_validate_json((await ask(app, "GET", f"/records?first_key={first}&count=8")).body).records
        for first in (10, 48, 51)
    ]

    assert [record.key for record in inside] == list(range(10, 18))
    assert [record.key for record in at_end] == [48, 49, 50]
    assert beyond == ()


async def test_a_range_is_one_query_with_one_delay(ask, tmp_path):
    """However many records: one place, one delay."""
    sleeps = []

    async def sleep(duration_s):
        sleeps.append(duration_s)

    engine = SqliteEngine(tmp_path / "empty.sqlite")
    pool = QueryPool(1, SimulatedDelay(Delay(mean_s=0.1), sleep))
    app = Starlette(routes=RecordRoutes(engine, pool, TimeKeeper(ServiceMetrics())).routes())

    async with engine.opened():
        await ask(app, "GET", "/records?first_key=1&count=10000")
        await ask(app, "GET", "/accounts/ada")

    assert sleeps == [0.1]


async def test_an_account_has_its_hash(app, ask):
    """The gateway gets what it needs to check a password."""
    answer = await ask(app, "GET", "/accounts/ada")

    assert answer.document == {"username": "ada", "password_hash": "$argon2id$of-ada", "scopes": []}


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/records/51", b"", 404),
        ("PUT", "/records/51", _update("x"), 404),
        ("GET", "/accounts/eve", b"", 404),
        ("GET", "/accounts/\x00", b"", 404),
        ("GET", "/records/0", b"", 400),
        ("GET", "/records/x", b"", 400),
        ("PUT", "/records/x", _update("x"), 400),
        ("GET", "/records", b"", 400),
        ("GET", "/records?first_key=1&count=10001", b"", 400),
        ("PUT", "/records/7", b"{", 400),
        ("PUT", "/records/7", b"{}", 422),
        ("PUT", "/records/7", b'"' + b"x" * 2**20 + b'"', 413),
        ("DELETE", "/records/7", b"", 405),
        ("POST", "/records", b"", 405),
        ("PUT", "/accounts/ada", b"", 405),
    ],
)
async def test_a_refusal_is_a_problem(app, ask, method, target, body, status):
    """Each refusal has its status and the request's id, and changes nothing."""
    answer = await ask(app, method, target, body, {"X-Request-Id": "r-3"})
    after = await ask(app, "GET", "/records/7")

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.document["request_id"] == "r-3"
    assert after.document["version"] == 1


async def test_a_wrong_method_names_all_right_ones(app, ask):
    """405 on a record: GET and PUT are both allowed."""
    answer = await ask(app, "DELETE", "/records/7")

    assert {method.strip() for method in answer.headers["allow"].split(",")} == {"GET", "HEAD", "PUT"}


async def test_a_client_that_goes_leaves_the_queue(ask, tmp_path):
    """While another holds the only place, a waiting client disconnects: 499, and the queue is empty again."""
    may_wake, gone = asyncio.Event(), asyncio.Event()

    async def sleep(_duration_s):
        await may_wake.wait()

    engine = SqliteEngine(tmp_path / "empty.sqlite")
    pool = QueryPool(1, SimulatedDelay(Delay(mean_s=0.1), sleep))
    app = Starlette(routes=RecordRoutes(engine, pool, TimeKeeper(ServiceMetrics())).routes())
    async with engine.opened():
        holder = asyncio.create_task(ask(app, "GET", "/records/1"))
        leaver = asyncio.create_task(ask(app, "GET", "/records/2", gone=gone))
        for _ in range(20):  # until both have come as far as they get
            await asyncio.sleep(0)
        waiting = pool.queue_length

        gone.set()
        answer = await leaver
        left = pool.queue_length
        may_wake.set()
        await holder

    assert (waiting, answer.status, left, pool.in_use) == (1, 499, 0, 0)


async def test_a_query_whose_time_is_over_leaves_the_queue(ask, tmp_path):
    """504 for who gave a time, and the place in the queue is free; who gave none waits on."""
    may_wake = asyncio.Event()

    async def sleep(_duration_s):
        await may_wake.wait()

    engine, keeper = SqliteEngine(tmp_path / "empty.sqlite"), TimeKeeper(ServiceMetrics())
    pool = QueryPool(1, SimulatedDelay(Delay(mean_s=0.1), sleep))
    app = Starlette(routes=RecordRoutes(engine, pool, keeper).routes())
    async with engine.opened():
        holder = asyncio.create_task(ask(app, "GET", "/records/1"))
        late = await ask(app, "GET", "/records/2", headers={"X-Request-Timeout": "0.01"})
        left = pool.queue_length
        may_wake.set()
        patient = await holder

    assert (late.status, left, keeper.exceeded) == (504, 0, 1)
    assert patient.status == 404


async def test_a_locked_database_is_not_available(ask, tmp_path, log_lines):
    """A file that another process holds: 503 with Retry-After; afterwards all is well."""
    path = tmp_path / "records.sqlite"
    engine = SqliteEngine(path, busy_timeout_s=0)
    app = Starlette(
        routes=RecordRoutes(engine, QueryPool(1, SimulatedDelay(Delay())), TimeKeeper(ServiceMetrics())).routes()
    )
    async with engine.opened():
        await engine.prepare(Seeding(seed=1, count=1), [])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        refused = await ask(app, "PUT", "/records/1", _update("new"))
        other.execute("ROLLBACK")
        other.close()
        accepted = await ask(app, "PUT", "/records/1", _update("new"))

    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert "locked" not in refused.body.decode()
    assert accepted.document["version"] == 2
    assert [line["event"] for line in log_lines] == ["database_unavailable"]
