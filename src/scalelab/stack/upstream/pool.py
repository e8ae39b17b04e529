"""Connections to one upstream: the newest idle one is reused first, and none is kept as long as the upstream does.

None is used for ever either, so that an upstream whose name leads elsewhere is found again.
"""

import asyncio
import random
import ssl
from collections.abc import Callable

from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.idle_connections import IdleConnections

IDLE_LIMIT_S = 30.0
"""Shorter than the servers' keep-alive, so that we are the one who closes."""
AGE_LIMIT_S = 60.0
"""A connection is not kept after so long, however busy: then the next one looks its host up anew."""
AGE_JITTER = 0.2
"""Share by which the limit of a connection is shorter: those that were opened together do not end together."""


class ConnectionPool:
    """Opens, keeps and closes connections. How many there are at a time is the caller's business (slots)."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        clock: Callable[[], float],
        is_kept_alive: bool = True,
        tls: ssl.SSLContext | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._is_kept_alive = is_kept_alive
        self._clock = clock
        self._draw = draw
        self._host = host
        self._port = port
        self._tls = tls
        self._idle: IdleConnections[Connection] = IdleConnections(IDLE_LIMIT_S, clock)
        self._all: set[Connection] = set()

    async def open(self) -> Connection:
        """A fresh connection.

        Raises:
            OSError: it could not be made.
        """
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(self._all.discard), self._host, self._port, ssl=self._tls
        )
        self._all.add(connection)
        connection.good_until_s = self._clock() + AGE_LIMIT_S * (1 - AGE_JITTER * self._draw())
        return connection

    def take_idle(self) -> Connection | None:
        """A kept connection that is still open and young; None when there is none."""
        return self._idle.take()

    def give_back(self, connection: Connection) -> None:
        """The exchange is over: keep the connection if it is clean and is to be used again."""
        if connection.release():
            self.keep(connection)

    def keep(self, connection: Connection) -> None:
        """As `give_back`, for one on which nothing is under way."""
        if self._is_kept_alive and self._clock() < connection.good_until_s:
            self._idle.keep(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Break every connection off."""
        self._idle.close()
        for connection in tuple(self._all):
            connection.close()
