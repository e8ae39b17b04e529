"""What every database engine promises, over SQLite and a real PostgreSQL server."""

import asyncio

import pytest

from scalelab.contracts.records import AccountRecord, record_checksum
from scalelab.stack.database.postgresql import PostgresqlEngine
from scalelab.stack.database.seeding import Seeding, seeded_value
from scalelab.stack.database.sqlite import SqliteEngine

SEEDING = Seeding(seed=1, count=100)
ADA = AccountRecord(username="ada", password_hash="hash of ada", scopes=("data:write", "more"))


@pytest.fixture(params=["sqlite", "postgresql"])
def make_engine(request, tmp_path):
    """Makes engines, not opened yet, on one and the same database of the test's own."""
    if request.param == "sqlite":
        return lambda: SqliteEngine(tmp_path / "records.sqlite")
    url, password = request.getfixturevalue("postgresql_server")
    return lambda: PostgresqlEngine(url, password, connections=4)


@pytest.fixture
async def engine(make_engine):
    """An engine that holds `SEEDING` as it was written first."""
    made = make_engine()
    async with made.opened():
        await made.prepare(Seeding(seed=0, count=1), [])  # whatever an earlier test wrote is gone
        await made.prepare(SEEDING, [ADA])
        yield made


async def test_a_seeded_record_is_whole(engine):
    """Key, version 1, the value of the seed, and a checksum that fits."""
    record = await engine.fetch(7)

    assert (record.key, record.version, record.value) == (7, 1, seeded_value(1, 7))
    assert record.is_whole()


@pytest.mark.parametrize("key", [101, 10**18 - 1])
async def test_an_unknown_key_is_none(engine, key):
    """Neither a read nor a write makes a record."""
    results = await engine.fetch(key), await engine.update(key, "x"), await engine.fetch(key)

    assert results == (None, None, None)


@pytest.mark.parametrize(
    ("first_key", "count", "keys"),
    [(1, 3, [1, 2, 3]), (98, 8, [98, 99, 100]), (101, 8, []), (10**18 - 1, 10_000, [])],
)
async def test_a_range_ascends_and_takes_what_is_there(engine, first_key, count, keys):
    """At most count, from first_key on, in order."""
    records = await engine.fetch_range(first_key, count)

    assert [record.key for record in records] == keys


async def test_an_updated_record_keeps_its_place_in_a_range(engine):
    """Order is by key, whatever was written last."""
    await engine.update(2, "new")

    records = await engine.fetch_range(1, 3)

    assert [(record.key, record.version) for record in records] == [(1, 1), (2, 2), (3, 1)]


@pytest.mark.parametrize(
    "value", ["", "plain", "Grüße, 世界 🎈", "'; DROP TABLE records; --", "\t\r\n\\", "x" * 65_536]
)
async def test_a_value_comes_back_as_it_was_written(engine, value):
    """Any text without NUL; version and checksum move on."""
    written = await engine.update(7, value)
    read = await engine.fetch(7)

    assert read == written
    assert (read.version, read.value, read.checksum) == (2, value, record_checksum(7, 2, value))


async def test_concurrent_updates_lose_nothing(engine):
    """Twenty at once on one key: twenty versions, the last one stays."""
    written = await asyncio.gather(*(engine.update(7, f"value {number}") for number in range(20)))
    read = await engine.fetch(7)

    assert sorted(record.version for record in written) == list(range(2, 22))
    assert read == max(written, key=lambda record: record.version)


async def test_readers_never_see_a_torn_record(engine):
    """Reads beside writes: each record is whole."""
    writes = [engine.update(7, f"value {number}") for number in range(20)]
    reads = [engine.fetch(7) for _ in range(40)]

    results = await asyncio.gather(*writes, *reads)

    assert all(record.is_whole() for record in results)


async def test_cancelled_callers_leak_nothing(engine):
    """More cancelled calls than the engine has connections: the next ones are answered, and are whole."""
    calls = [asyncio.create_task(engine.update(7, f"value {number}")) for number in range(32)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)

    records = await asyncio.gather(*(engine.fetch(7) for _ in range(32)))
    written = await engine.update(7, "last")

    assert all(record.is_whole() for record in records)
    assert (written.value, written.is_whole()) == ("last", True)


async def test_an_account_is_found_by_its_exact_name(engine):
    """No other spelling finds it."""
    results = [await engine.fetch_account(name) for name in ("ada", "Ada", "ada ", "' OR 1=1 --", "")]

    assert results == [ADA, None, None, None, None]


async def test_accounts_are_replaced_as_a_whole(engine):
    """A second start has the accounts of its file and no others; the records stay."""
    was_seeded = await engine.prepare(SEEDING, [AccountRecord(username="grace", password_hash="hash of grace")])

    assert was_seeded is False
    assert await engine.fetch_account("ada") is None
    assert (await engine.fetch_account("grace")).password_hash == "hash of grace"


async def test_a_finished_seeding_is_kept_with_what_was_written(engine, make_engine):
    """The same seed and count, in a later process: nothing is written anew."""
    await engine.update(7, "new")
    later = make_engine()

    async with later.opened():
        was_seeded = await later.prepare(SEEDING, [])
        record = await later.fetch(7)

    assert was_seeded is False
    assert (record.version, record.value) == (2, "new")


@pytest.mark.parametrize("other", [Seeding(seed=2, count=100), Seeding(seed=1, count=90), Seeding(seed=1, count=110)])
async def test_another_seeding_replaces_the_records(engine, other):
    """A different seed or count: all records are those of the new seeding."""
    await engine.update(7, "new")

    was_seeded = await engine.prepare(other, [])

    records = await engine.fetch_range(1, 1000)
    assert was_seeded is True
    assert [record.value for record in records] == [value for _, _, value, _ in other.rows()]


class _Torn(Seeding):
    def rows(self):
        yield from list(super().rows())[:50]
        raise RuntimeError("power cut")


async def test_a_seeding_that_was_interrupted_leaves_the_old_records(engine):
    """All or nothing: neither half the records nor a mark that they are complete; accounts neither."""
    with pytest.raises(RuntimeError, match="power cut"):
        await engine.prepare(_Torn(seed=3, count=100), [AccountRecord(username="eve", password_hash="hash")])

    records = await engine.fetch_range(1, 1000)
    assert [record.value for record in records] == [value for _, _, value, _ in SEEDING.rows()]
    assert await engine.fetch_account("eve") is None
    assert await engine.prepare(SEEDING, []) is False


async def test_a_half_seeded_database_is_done_again(engine):
    """Records are missing although the mark says complete: they are written anew."""
    await _delete_half(engine)

    was_seeded = await engine.prepare(SEEDING, [])

    assert was_seeded is True
    assert len(await engine.fetch_range(1, 1000)) == 100


async def _delete_half(engine):
    if isinstance(engine, SqliteEngine):
        await engine._run(lambda connection: connection.execute("DELETE FROM records WHERE key > 50").fetchall())
    else:
        await engine._pool.execute("DELETE FROM scalelab_records WHERE key > 50")


async def test_two_processes_may_prepare_at_once(make_engine):
    """Both end well, and the records are there once."""
    first, second = make_engine(), make_engine()

    async with first.opened(), second.opened():
        await first.prepare(Seeding(seed=0, count=1), [])
        results = await asyncio.gather(*(one.prepare(SEEDING, [ADA]) for one in (first, second)))
        records = await second.fetch_range(1, 1000)

    assert sorted(results) == [False, True]
    assert len(records) == 100
