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


Turn = Literal["lead", "follow", "alone", "held"]
"""Fetch it, others wait for you; another process is fetching it, look again soon; fetch it, nobody waits; fetch it,
and share only what is fetched from now on, for a write is under way."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a `get` found: the value of a hit, and the fence that a later `put` must show. No fence: store nothing."""

    value: bytes | None = None
    fence: int | None = None
    fault: FaultKind | None = None
    remaining_s: float = 0.0
    """What was left of the value's time to live when the engine looked."""
    generation: int = 0
    """Changes with each invalidation of the tag, and with a flush: two misses of one generation may share a fetch."""
    turn: Turn = "lead"
    """Of a miss that was claimed."""


class Cache(Protocol):
    """Entries under (tag, key). A tag names what its entries were made from, and is what a write invalidates.

    Safe for concurrent use on one event loop. Each call ends within a bound of the engine's (50 ms by default),
    fault or not.
    """

    async def get(self, key: bytes, tag: str, *, claims: bool = False) -> Lookup:
        """The entry, if there is one, and the fence of this moment.

        Args:
            key: of the entry, within its tag.
            tag: what the entry is made from.
            claims: on a miss, take the lease on fetching the entry unless somebody has it, in the same atomic step.
                A lease ends with `put` or `release`, with its holder, or when its tag is invalidated.
        """
        ...

    async def put(self, key: bytes, value: bytes, *, ttl_s: float, tag: str, fence: int) -> bool:
        """Store for `ttl_s` seconds unless the tag was invalidated, or everything flushed, since `fence`.

        Check and store are one atomic step, which also ends this process's lease. False: not stored (refused, full,
        or a fault).
        """
        ...

    async def release(self, key: bytes, tag: str, *, fence: int, alone_s: float = 0.0) -> None:
        """End this process's lease without an entry; for `alone_s` seconds nobody leads or follows for this key.

        Does nothing when the tag was invalidated since `fence`: that ended the lease already.
        """
        ...

    async def invalidate(self, *tags: str, writer: str = "", hold_s: float = 0.0) -> FaultKind | None:
        """Drop all entries of `tags` and refuse their fills in flight, in one atomic step. Idempotent.

        After a fault it is not known whether it happened: call again.

        Args:
            tags: what is no longer true.
            writer: with `hold_s`, also refuses every later fill until the same writer calls without it.
            hold_s: longest time for which a writer that is never heard of again is waited for.
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
