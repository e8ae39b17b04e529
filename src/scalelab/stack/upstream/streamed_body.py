"""The body of a streamed answer, read from its connection piece by piece."""

import asyncio
from typing import Self

from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.exchange import Exchange
from scalelab.stack.upstream.pool import ConnectionPool
from scalelab.stack.upstream.values import BrokenBodyError


class ConnectionBody:
    """Gives the connection back at the end of the body, or breaks it off when closed before."""

    def __init__(self, pool: ConnectionPool, connection: Connection, exchange: Exchange, timeout_s: float) -> None:
        self._pool = pool
        self._connection: Connection | None = connection
        self._exchange = exchange
        self._timeout_s = timeout_s

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next piece, waiting at most the upstream's timeout for it."""
        if self._connection is None:
            raise StopAsyncIteration
        try:
            async with asyncio.timeout(self._timeout_s):
                piece = await self._exchange.next_chunk(self._connection.resume_reading)
        except TimeoutError as error:
            await self.aclose()
            raise BrokenBodyError(f"nothing more within {self._timeout_s} s") from error
        except BaseException:
            await self.aclose()
            raise
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of the connection. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)
