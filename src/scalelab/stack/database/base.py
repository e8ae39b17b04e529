"""The boundary to a database engine: what the service asks of SQLite or PostgreSQL. No delay, no pool, no HTTP."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from scalelab.contracts.records import AccountRecord, Record
from scalelab.stack.database.seeding import Seeding


class EngineUnavailableError(Exception):
    """Raised when the engine cannot answer now (server gone, file locked, disk full); a later try may do."""


class DatabaseEngine(Protocol):
    """Records and accounts in one database. Safe for concurrent use on one event loop.

    Each method is one statement or one transaction. A cancelled caller leaks no connection and leaves no half-done
    transaction; whether a cancelled `update` took place is unknown. Every method may raise `EngineUnavailableError`.
    """

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Connect for as long as the context is open; no other method may be called outside it.

        Raises:
            CannotStartError: no such directory, no such server, wrong password, missing package.
        """

    async def prepare(self, seeding: Seeding, accounts: Sequence[AccountRecord]) -> bool:
        """Make the tables hold `seeding` and exactly `accounts`. Atomic and idempotent.

        Records of a finished seeding with the same seed and count are kept, with what was written since.

        Args:
            seeding: which records.
            accounts: all that there are.

        Returns:
            Whether the records were written anew.
        """

    async def fetch(self, key: int) -> Record | None:
        """The record, or None for an unknown key."""

    async def fetch_range(self, first_key: int, count: int) -> tuple[Record, ...]:
        """At most `count` records with keys from `first_key` on, ascending, by one query."""

    async def update(self, key: int, value: str) -> Record | None:
        """Write a new value: version + 1 and a new checksum, in one transaction.

        Returns:
            The record as written, or None for an unknown key.
        """

    async def fetch_account(self, username: str) -> AccountRecord | None:
        """The account, or None for an unknown one."""
