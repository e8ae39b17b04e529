"""The embedded engine: one SQLite file in WAL mode, a few threads with a connection each.

A thread keeps its connection to itself: a cancelled caller leaves its query to finish there, and nothing to clean up.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeVar

from scalelab.contracts.records import AccountRecord, Record, record_checksum
from scalelab.stack.database.account_rows import account_of, account_row
from scalelab.stack.database.base import EngineUnavailableError
from scalelab.stack.database.seeding import Seeding
from scalelab.stack.service_kit.cannot_start import CannotStartError

THREADS = 4
BUSY_TIMEOUT_S = 5.0
"""Longest wait for another process that holds the file."""
T = TypeVar("T")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS seeding (seed INTEGER NOT NULL, count INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS accounts
    (username TEXT PRIMARY KEY, password_hash TEXT NOT NULL, scopes TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS records
    (key INTEGER PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL, checksum TEXT NOT NULL)""",
)


class SqliteEngine:
    """A `DatabaseEngine` on the file `path`, which is made (readable by its owner only) when it is not there."""

    def __init__(self, path: Path, threads: int = THREADS, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="sqlite")
        self._of_thread = threading.local()
        self._connections: list[sqlite3.Connection] = []

    def __repr__(self) -> str:
        return f"SQLite file {self._path}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """See `DatabaseEngine`."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            await self._run(_create_tables)
        except (OSError, EngineUnavailableError) as error:
            self._close()
            raise CannotStartError(f"database.url names the SQLite file {self._path}: {error}") from error
        try:
            yield
        finally:
            self._close()

    async def prepare(self, seeding: Seeding, accounts: Sequence[AccountRecord]) -> bool:
        """See `DatabaseEngine`."""
        return await self._run(lambda connection: _prepare(connection, seeding, accounts))

    async def fetch(self, key: int) -> Record | None:
        """See `DatabaseEngine`."""
        found = await self._run(lambda connection: _select(connection, key, 1))
        return found[0] if found and found[0].key == key else None

    async def fetch_range(self, first_key: int, count: int) -> tuple[Record, ...]:
        """See `DatabaseEngine`."""
        return await self._run(lambda connection: _select(connection, first_key, count))

    async def update(self, key: int, value: str) -> Record | None:
        """See `DatabaseEngine`."""
        return await self._run(lambda connection: _update(connection, key, value))

    async def fetch_account(self, username: str) -> AccountRecord | None:
        """See `DatabaseEngine`."""
        return await self._run(lambda connection: _account(connection, username))

    async def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        def in_thread() -> T:
            try:
                return query(self._connection())
            except sqlite3.Error as error:
                raise EngineUnavailableError(str(error)) from error

        return await asyncio.get_running_loop().run_in_executor(self._executor, in_thread)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = _connect(self._path, self._busy_timeout_s)
            self._of_thread.connection = connection
            self._connections.append(connection)
        return connection

    def _close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    # check_same_thread: the owner closes all connections when the threads have ended
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "PRAGMA synchronous = NORMAL"
        )  # in WAL mode a crash loses the newest writes, never the file
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some faults have rolled back already
            connection.execute("ROLLBACK")
        raise


def _create_tables(connection: sqlite3.Connection) -> None:
    with _transaction(connection):
        for statement in _TABLES:
            connection.execute(statement)


def _prepare(connection: sqlite3.Connection, seeding: Seeding, accounts: Sequence[AccountRecord]) -> bool:
    with _transaction(connection):
        connection.execute("DELETE FROM accounts")
        connection.executemany("INSERT INTO accounts VALUES (?, ?, ?)", map(account_row, accounts))
        if _is_seeded(connection, seeding):
            return False
        connection.execute("DELETE FROM records")
        connection.execute("DELETE FROM seeding")
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", seeding.rows())
        connection.execute("INSERT INTO seeding VALUES (?, ?)", (seeding.seed, seeding.count))
        return True


def _is_seeded(connection: sqlite3.Connection, seeding: Seeding) -> bool:
    finished = connection.execute("SELECT seed, count FROM seeding").fetchall()
    (count,) = connection.execute("SELECT count(*) FROM records").fetchone()
    return finished == [(seeding.seed, seeding.count)] and count == seeding.count


def _select(connection: sqlite3.Connection, first_key: int, count: int) -> tuple[Record, ...]:
    rows = connection.execute(
        "SELECT key, version, value, checksum FROM records WHERE key >= ? ORDER BY key LIMIT ?", (first_key, count)
    )
    return tuple(Record(key=row[0], version=row[1], value=row[2], checksum=row[3]) for row in rows)


def _update(connection: sqlite3.Connection, key: int, value: str) -> Record | None:
    with _transaction(connection):
        row = connection.execute("SELECT version FROM records WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        version = row[0] + 1
        record = Record(key=key, version=version, value=value, checksum=record_checksum(key, version, value))
        connection.execute(
            "UPDATE records SET version = ?, value = ?, checksum = ? WHERE key = ?",
            (record.version, record.value, record.checksum, key),
        )
        return record


def _account(connection: sqlite3.Connection, username: str) -> AccountRecord | None:
    row = connection.execute("SELECT * FROM accounts WHERE username = ?", (username,)).fetchone()
    return None if row is None else account_of(row)
