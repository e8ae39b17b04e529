"""What processes that share a cache tell one another, and who of them must be waited for. No decisions here.

Every announcement has a position; positions only grow. Whoever has a lease is named to whoever announces something,
with the time that is left of it: durations only, no two machines' clocks are compared.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Protocol

from scalelab.stack.cache.base import FaultKind


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement was made: its position, and whom to wait for how long."""

    position: int
    leases_s: Mapping[str, float]
    """What is left of each member's lease."""
    grace_s: float
    """How long leases may still run that the server, having lost its data, does not know of."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An announcement of a member, perhaps our own."""

    position: int
    sender: str
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A member has done what our announcement demands."""

    position: int
    member: str


class Peers(Protocol):
    """One member's line to the others. Calls end within a bound and never raise; a fault is a value."""

    member: str
    """Name of this process; no other process ever had it."""

    async def renew(self, lease_s: float) -> int | FaultKind:
        """Take or prolong our lease; the position of the newest announcement, of the same moment."""
        ...

    async def announce(self, kind: str, names: tuple[str, ...], lease_s: float) -> Announced | FaultKind:
        """Tell every listener, and say in the same moment who has a lease."""
        ...

    async def acknowledge(self, heard: Heard) -> None:
        """Tell the sender that it is done."""
        ...

    async def leave(self) -> None:
        """End our lease."""
        ...

    def listen(self) -> AsyncGenerator[Heard | Acknowledged | None, None]:
        """What is said from now on: None once, when the line is open. Ends when the line is lost."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
