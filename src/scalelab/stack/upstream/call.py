"""A request whose end is told by a callback: nobody awaits it, so that no task and no future is made for it."""

from typing import Protocol

from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.deadlines import Deadlines
from scalelab.stack.upstream.exchange import Exchange
from scalelab.stack.upstream.pool import ConnectionPool


class Asker(Protocol):
    """Whoever waits for the answer of a call; called from callbacks of transport and timer."""

    def takes(self, data: bytes) -> bool:
        """The first bytes of the answer. True when they are all of it and it was dealt with, after `Call.finish`.

        False when nothing was done: then they are parsed, and `ended` tells what came of it.
        """
        ...

    def ended(self, exchange: Exchange) -> None:
        """A parsed answer is complete, or there is none. Called once, unless the call is cancelled."""
        ...


class Call:
    """One GET on a kept connection. What the asker takes as it comes costs no parser."""

    __slots__ = ("_asker", "_connection", "_deadlines", "_exchange", "_max_body_bytes", "_pool")

    def __init__(
        self,
        connection: Connection,
        pool: ConnectionPool,
        deadlines: Deadlines,
        asker: Asker,
        max_body_bytes: int,
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._deadlines = deadlines
        self._asker: Asker | None = asker
        self._max_body_bytes = max_body_bytes
        self._exchange: Exchange | None = None

    def send(self, head: bytes) -> None:
        """Begin; its time runs."""
        self._deadlines.begin(self)
        self._connection.ask(self, head)

    def takes(self, data: bytes) -> bool:
        """See `Asker`; what nobody waits for any longer is taken, too."""
        return self._asker is None or self._asker.takes(data)

    @property
    def exchange(self) -> Exchange:
        """Collects what was not taken."""
        if self._exchange is None:
            self._exchange = Exchange(
                is_head_request=False, is_streamed=False, max_body_bytes=self._max_body_bytes, on_told=self._tell
            )
        return self._exchange

    def finish(self) -> None:
        """The whole answer is there, and nothing more: the connection is free again."""
        self._asker = None
        self._deadlines.end(self)
        self._pool.keep(self._connection)

    def expire(self) -> None:
        """It took too long."""
        self.exchange.expire()
        self._tell()

    def cancel(self) -> None:
        """Nobody wants it any longer: what may still come belongs to nobody."""
        self._asker = None
        self._deadlines.end(self)
        self._connection.close()

    def _tell(self) -> None:
        asker, exchange = self._asker, self.exchange
        if asker is None or not (exchange.is_complete or exchange.fault is not None):
            return
        self._asker = None
        self._deadlines.end(self)
        if exchange.fault is None:
            self._pool.give_back(self._connection)
        else:
            self._connection.close()
        asker.ended(exchange)
