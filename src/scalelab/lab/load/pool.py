"""A bounded number of connections: the idle one used last, otherwise a new one, never more than that."""

from collections.abc import Callable

from scalelab.lab.load.connection import Connection
from scalelab.lab.load.targets import Origin


class Pool:
    """Gives connections out and takes them back. With several origins, an idle one of another makes room."""

    def __init__(self, limit: int, make: Callable[[Origin], Connection]) -> None:
        self.limit = limit
        self.connections: set[Connection] = set()
        """All that live, busy or idle."""
        self._make = make
        self._idle: dict[Origin, list[Connection]] = {}

    def __repr__(self) -> str:
        idle = sum(map(len, self._idle.values()))
        return f"{len(self.connections)} of {self.limit} connections, {idle} idle"

    def take(self, origin: Origin) -> Connection | None:
        """One that serves nothing, perhaps not open yet; None when all are busy."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if not connection.is_dead:
                return connection
        if len(self.connections) >= self.limit and not self._make_room():
            return None
        connection = self._make(origin)
        self.connections.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """It may serve again."""
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = []
        idle.append(connection)

    def drop(self, connection: Connection) -> None:
        """It is gone. Harmless when it was dropped before."""
        self.connections.discard(connection)

    def busy(self) -> list[Connection]:
        """Those with a request under way."""
        return [connection for connection in self.connections if connection.is_busy]

    def close(self) -> None:
        """Break all of them off."""
        for connection in self.connections:
            connection.abandon()
        self.connections.clear()
        self._idle.clear()

    def _make_room(self) -> bool:
        for idle in self._idle.values():
            while idle:
                connection = idle.pop(0)
                if not connection.is_dead:
                    connection.abandon()
                    self.drop(connection)
                    return True
        return False
