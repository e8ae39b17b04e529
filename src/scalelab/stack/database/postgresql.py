"""The engine on a PostgreSQL server, through asyncpg, in tables of our own. Imports asyncpg only when opened."""

import importlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from scalelab.contracts.records import AccountRecord, Record, record_checksum
from scalelab.stack.database.account_rows import account_of, account_row
from scalelab.stack.database.base import EngineUnavailableError
from scalelab.stack.database.seeding import Seeding
from scalelab.stack.service_kit.cannot_start import CannotStartError

MAX_CONNECTIONS = 16
"""A query takes well under a millisecond: more connections than this would only wait on the server's cores."""
CONNECT_TIMEOUT_S = 5.0
QUERY_TIMEOUT_S = 30.0
SEEDING_TIMEOUT_S = 3600.0
_SEEDING_LOCK = 0x5CA1E1AB
_COLUMNS = ("key", "version", "value", "checksum")

# Under the lock, because two servers that start at once would both try to make the same table.
_TABLES = f"""
SELECT pg_advisory_xact_lock({_SEEDING_LOCK});
CREATE TABLE IF NOT EXISTS scalelab_seeding (seed bigint NOT NULL, count bigint NOT NULL);
CREATE TABLE IF NOT EXISTS scalelab_accounts (username text PRIMARY KEY, password_hash text NOT NULL);
ALTER TABLE scalelab_accounts ADD COLUMN IF NOT EXISTS scopes text NOT NULL DEFAULT '';
CREATE TABLE IF NOT EXISTS scalelab_records
  (key bigint PRIMARY KEY, version bigint NOT NULL, value text NOT NULL, checksum text NOT NULL);
"""


class PostgresqlEngine:
    """A `DatabaseEngine` on the server and database that `url` names."""

    def __init__(self, url: str, password: str | None, connections: int) -> None:
        self._url = url
        self._password = password
        self._connections = min(connections, MAX_CONNECTIONS)
        self._asyncpg: Any = None
        self._pool: Any = None

    def __repr__(self) -> str:
        parts = urlsplit(self._url)  # without user and password
        return f"PostgreSQL database {parts.path.removeprefix('/')} at {parts.hostname or 'a local socket'}"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """See `DatabaseEngine`."""
        try:
            self._asyncpg = importlib.import_module("asyncpg")
        except ImportError as error:
            raise CannotStartError(
                "database.url names a PostgreSQL server, but asyncpg is missing: pip install 'scalelab[postgresql]'"
            ) from error
        async with await self._connect() as self._pool:
            yield

    async def _connect(self) -> Any:
        pool = self._asyncpg.create_pool(
            self._url,
            password=self._password,
            min_size=1,
            max_size=self._connections,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=QUERY_TIMEOUT_S,
        )
        try:
            with self._translated():
                await pool
                await pool.execute(_TABLES)
        except (EngineUnavailableError, ValueError) as error:
            pool.terminate()
            raise CannotStartError(f"database.url: cannot use the {self!r}: {error}") from error
        return pool

    async def prepare(self, seeding: Seeding, accounts: Sequence[AccountRecord]) -> bool:
        """See `DatabaseEngine`."""
        async with self._transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _SEEDING_LOCK, timeout=SEEDING_TIMEOUT_S)
            await connection.execute("DELETE FROM scalelab_accounts")
            await connection.copy_records_to_table("scalelab_accounts", records=map(account_row, accounts))
            if await _is_seeded(connection, seeding):
                return False
            await connection.execute("TRUNCATE scalelab_records, scalelab_seeding")
            await connection.copy_records_to_table(
                "scalelab_records", records=seeding.rows(), columns=_COLUMNS, timeout=SEEDING_TIMEOUT_S
            )
            await connection.execute("INSERT INTO scalelab_seeding VALUES ($1, $2)", seeding.seed, seeding.count)
            return True

    async def fetch(self, key: int) -> Record | None:
        """See `DatabaseEngine`."""
        found = await self.fetch_range(key, 1)
        return found[0] if found and found[0].key == key else None

    async def fetch_range(self, first_key: int, count: int) -> tuple[Record, ...]:
        """See `DatabaseEngine`."""
        with self._translated():
            rows = await self._pool.fetch(
                "SELECT key, version, value, checksum FROM scalelab_records WHERE key >= $1 ORDER BY key LIMIT $2",
                first_key,
                count,
            )
        return tuple(Record(**row) for row in rows)

    async def update(self, key: int, value: str) -> Record | None:
        """See `DatabaseEngine`."""
        async with self._transaction() as connection:
            version = await connection.fetchval(
                "SELECT version + 1 FROM scalelab_records WHERE key = $1 FOR UPDATE", key
            )
            if version is None:
                return None
            record = Record(key=key, version=version, value=value, checksum=record_checksum(key, version, value))
            await connection.execute(
                "UPDATE scalelab_records SET version = $2, value = $3, checksum = $4 WHERE key = $1",
                key,
                record.version,
                record.value,
                record.checksum,
            )
            return record

    async def fetch_account(self, username: str) -> AccountRecord | None:
        """See `DatabaseEngine`."""
        with self._translated():
            row = await self._pool.fetchrow(
                "SELECT username, password_hash, scopes FROM scalelab_accounts WHERE username = $1", username
            )
        return None if row is None else account_of(tuple(row))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        with self._translated():
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (self._asyncpg.PostgresError, self._asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise EngineUnavailableError(f"{type(error).__name__}: {error}") from error


async def _is_seeded(connection: Any, seeding: Seeding) -> bool:
    finished = await connection.fetch("SELECT seed, count FROM scalelab_seeding")
    count = await connection.fetchval("SELECT count(*) FROM scalelab_records")
    return [tuple(row) for row in finished] == [(seeding.seed, seeding.count)] and count == seeding.count
