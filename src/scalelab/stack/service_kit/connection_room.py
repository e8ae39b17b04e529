"""How many connections a service may have, and who makes room for the next: whoever has asked nothing for longest.

A process that has opened all the files that it may open can ask no service any more, and lets nobody in.
"""

from collections.abc import Collection
from typing import Protocol

_FILES_FOR_ITSELF = 256
_SHARE_FOR_ITSELF = 0.25
"""Of the files: connections to services, the cache, logs."""
_LEAST = 16
_AT_ONCE = 50
"""One in so many makes room at a time: looking for them costs a look at each."""


class Idler(Protocol):
    """One connection."""

    @property
    def idle_until_s(self) -> float | None:
        """When it would be closed for being idle, on the loop's clock; None while it is not idle."""
        ...

    def make_room(self) -> None:
        """Close it."""
        ...


def most_connections(file_limit: int) -> int:
    """For a process that may open so many files."""
    return max(_LEAST, file_limit - max(_FILES_FOR_ITSELF, round(file_limit * _SHARE_FOR_ITSELF)))


class ConnectionRoom:
    """One for all connections of a process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._leaving = 0

    def __repr__(self) -> str:
        return f"<room for {self._most} connections, {self._leaving} are leaving>"

    def enter(self, connections: Collection[Idler]) -> None:
        """One more has come; it is among `connections`. Those that go are to be taken leave of with `left`."""
        if len(connections) - self._leaving <= self._most:
            return
        idle = [(until_s, one) for one in connections if (until_s := one.idle_until_s) is not None]
        idle.sort(key=lambda pair: pair[0])
        for _, one in idle[: max(1, self._most // _AT_ONCE)]:
            self._leaving += 1
            one.make_room()

    def left(self) -> None:
        """One that was told to make room has gone."""
        self._leaving -= 1
