"""A request whose end is told by a callback: nobody awaits it, so that no task and no future is made for it."""

from collections.abc import Callable

from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.deadlines import Deadlines
from scalelab.stack.upstream.exchange import Exchange
from scalelab.stack.upstream.pool import ConnectionPool


class Call(Exchange):
    """One request on a kept connection. `on_end` is told once, from a callback of transport or timer."""

    def __init__(
        self,
        connection: Connection,
        pool: ConnectionPool,
        deadlines: Deadlines,
        on_end: Callable[["Call"], None],
        max_body_bytes: int,
    ) -> None:
        super().__init__(is_head_request=False, is_streamed=False, max_body_bytes=max_body_bytes)
        self._connection = connection
        self._pool = pool
        self._deadlines = deadlines
        self._on_end: Callable[[Call], None] | None = on_end

    @property
    def may_be_replayed(self) -> bool:
        """Whether the upstream closed an idle connection just then: nothing of an answer came, and not for time."""
        return self.fault is not None and not self.has_any_byte and not self.is_expired

    def send(self, head: bytes) -> None:
        """Begin; its time runs."""
        self._deadlines.begin(self)
        self._connection.start(self, head, None)

    def tell(self) -> None:
        """See `Exchange`: when it has ended, the connection is free again and whoever asked is told."""
        on_end = self._on_end
        if on_end is None or not (self.is_complete or self.fault is not None):
            return
        self._on_end = None
        self._deadlines.end(self)
        if self.fault is None:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
        on_end(self)

    def expire(self) -> None:
        """It took too long."""
        super().expire()
        self.tell()

    def cancel(self) -> None:
        """Nobody wants it any longer: what may still come belongs to nobody."""
        self._on_end = None
        self._deadlines.end(self)
        self._connection.close()
