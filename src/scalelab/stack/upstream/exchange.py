"""One request's response as it arrives: status, fields, body, and how it ended. No socket in here."""

import asyncio
from collections import deque
from collections.abc import Callable

from scalelab.stack.upstream.values import BrokenBodyError, HeaderPairs

HIGH_WATER_BYTES = 256 * 1024
"""Bytes of a streamed body that may wait for their reader before the socket is no longer read."""


class Exchange:
    """Collects one response. A whole one resolves `finished`; a streamed one resolves `head_arrived` first."""

    def __init__(
        self,
        *,
        is_head_request: bool,
        is_streamed: bool,
        max_body_bytes: int,
        on_told: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_told`: called after each callback of the transport that dealt with it."""
        loop = asyncio.get_running_loop()
        self.is_head_request = is_head_request
        self.is_streamed = is_streamed
        self.status = 0
        self.fields: list[tuple[str, str]] = []
        self.has_any_byte = False
        self.is_complete = False
        self.is_expired = False
        self.fault: str | None = None
        self.arrived: asyncio.Future[None] = loop.create_future()
        """Resolved when a whole answer is complete, a streamed one has its head, or a fault has ended it."""
        self.tell = on_told
        self._max_body_bytes = max_body_bytes
        self._body_bytes = 0
        self._chunks: deque[bytes] = deque()
        self._more: asyncio.Future[None] | None = None

    @property
    def may_be_replayed(self) -> bool:
        """Whether the upstream closed an idle connection just then: nothing of an answer came, and not for time."""
        return self.fault is not None and not self.has_any_byte and not self.is_expired

    @property
    def headers(self) -> HeaderPairs:
        """As received."""
        return tuple(self.fields)

    @property
    def body(self) -> bytes:
        """The whole body, once complete."""
        return b"".join(self._chunks)

    @property
    def is_backed_up(self) -> bool:
        """Whether a streamed body's reader is so far behind that the socket should rest."""
        return self.is_streamed and self._body_bytes > HIGH_WATER_BYTES

    def head_complete(self) -> None:
        """Status and fields are there."""
        if self.is_streamed:
            self._resolve()

    def take(self, chunk: bytes) -> bool:
        """More of the body; False when a whole body grows beyond its bound."""
        self._chunks.append(chunk)
        self._body_bytes += len(chunk)
        self._wake()
        return self.is_streamed or self._body_bytes <= self._max_body_bytes

    def complete(self) -> None:
        """The message has ended as its framing says."""
        self.is_complete = True
        self._resolve()
        self._wake()

    def fail(self, reason: str) -> None:
        """It has ended otherwise."""
        if not self.is_complete and self.fault is None:
            self.fault = reason
            self._resolve()
            self._wake()

    def expire(self) -> None:
        """It took too long."""
        self.is_expired = not self.is_complete
        self.fail("not in time")

    async def next_chunk(self, resume: Callable[[], None]) -> bytes | None:
        """The next piece of a streamed body; None at its end.

        Args:
            resume: called when the reader has caught up.

        Raises:
            BrokenBodyError: the body broke off.
        """
        while not self._chunks:
            if self.is_complete:
                return None
            if self.fault is not None:
                raise BrokenBodyError(self.fault)
            self._more = asyncio.get_running_loop().create_future()
            await self._more
        chunk = self._chunks.popleft()
        was_backed_up = self.is_backed_up
        self._body_bytes -= len(chunk)
        if was_backed_up and not self.is_backed_up:
            resume()
        return chunk

    def _resolve(self) -> None:
        if not self.arrived.done():
            self.arrived.set_result(None)

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)
