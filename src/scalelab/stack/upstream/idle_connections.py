"""Connections on which nothing is under way: the newest is used first, none is kept as long as the server does."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Kept(Protocol):
    """A connection, for whoever keeps it."""

    is_open: bool
    idle_since_s: float

    def close(self) -> None:
        """Break it off. Idempotent."""
        ...


KeptT = TypeVar("KeptT", bound=Kept)


class IdleConnections(Generic[KeptT]):
    """To one server. How many there are at a time is the caller's business."""

    def __init__(self, limit_s: float, clock: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._idle: list[KeptT] = []

    def __len__(self) -> int:
        return len(self._idle)

    def take(self) -> KeptT | None:
        """One that is still open and young; None when there is none."""
        oldest_s = self._clock() - self._limit_s
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since_s >= oldest_s:
                return connection
            connection.close()
        return None

    def keep(self, connection: KeptT) -> None:
        """Nothing is under way on it; those that have become too old go."""
        idle, now_s = self._idle, self._clock()
        connection.idle_since_s = now_s
        idle.append(connection)
        oldest_s = now_s - self._limit_s
        while idle[0].idle_since_s < oldest_s:
            idle.pop(0).close()

    def close(self) -> None:
        """Break all of them off."""
        while self._idle:
            self._idle.pop().close()
