"""The boundary between whoever caches and the engine that holds the entries.

A fault of the engine is a value, never an exception: a caller goes on as if nothing had been stored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

FaultKind = Literal["timeout", "unavailable", "torn"]
"""No answer in time; no connection or a refusal; an answer that is not what was stored."""
FaultListener = Callable[[FaultKind], None]
"""Called once for each call that met a fault."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a `get` found: the value of a hit, and the fence that a later `put` must show. No fence: store nothing."""

    value: bytes | None = None
    fence: int | None = None
    fault: FaultKind | None = None


class Cache(Protocol):
    """Entries under (tag, key). A tag names what its entries were made from, and is what a write invalidates.

    Safe for concurrent use on one event loop. Each call ends within a bound of the engine's (50 ms by default),
    fault or not.
    """

    async def get(self, key: bytes, tag: str) -> Lookup:
        """The entry, if there is one, and the fence of this moment."""
        ...

    async def put(self, key: bytes, value: bytes, *, ttl_s: float, tag: str, fence: int) -> bool:
        """Store for `ttl_s` seconds unless the tag was invalidated, or everything flushed, since `fence`.

        Check and store are one atomic step. False: not stored (refused, full, or a fault).
        """
        ...

    async def invalidate(self, *tags: str) -> FaultKind | None:
        """Drop all entries of `tags` and refuse their fills in flight, in one atomic step. Idempotent.

        After a fault it is not known whether it happened: call again.
        """
        ...

    async def flush(self) -> FaultKind | None:
        """The same for all tags. Nothing but the cache's own keys is touched."""
        ...

    async def ping(self) -> FaultKind | None:
        """Whether the engine answers."""
        ...

    async def aclose(self) -> None:
        """Give back connections and entries. Nothing may be called afterwards."""
        ...
