"""One HTTP/1.1 connection to an upstream: one exchange at a time, never shared by two requests."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from scalelab.stack.upstream.exchange import Exchange

_FIRST_FINAL_STATUS = 200
_SWITCHING_PROTOCOLS = 101
_BODYLESS_STATUSES = frozenset({204, 304})
MAX_HEAD_BYTES = 64 * 1024


class Caller(Protocol):
    """A request whose answer is offered unparsed first; see `Call`."""

    @property
    def exchange(self) -> Exchange:
        """Collects the answer that was not taken."""
        ...

    def takes(self, data: bytes) -> bool:
        """The first bytes of the answer; True when they are all of it."""
        ...


class Connection(asyncio.Protocol):
    """Parses what arrives into the exchange in hand. Anything that arrives without one closes the connection."""

    def __init__(self, on_lost: Callable[["Connection"], None]) -> None:
        self.is_open = False
        self.idle_since_s = 0.0
        self.good_until_s = float("inf")
        """The pool keeps it no longer."""
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._caller: Caller | None = None
        """Until the first byte of the answer comes."""
        self._parser = httptools.HttpResponseParser(self)
        self._ends_with_connection = False
        self._is_interim = False
        self._head_bytes = 0
        self._is_head_done = False
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Transport callback."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def start(self, exchange: Exchange, head: bytes, body: bytes | None) -> None:
        """Send a request (all of it, or its head) and let `exchange` collect the response."""
        assert self._transport is not None
        self._collect(exchange)
        self._transport.write(head if body is None else head + body)

    def ask(self, caller: Caller, head: bytes) -> None:
        """Send a request without a body; `caller` is offered the response, or collects it."""
        assert self._transport is not None
        self._caller = caller
        self._transport.write(head)

    def _collect(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._is_head_done = False
        self._head_bytes = 0
        self._ends_with_connection = False

    async def send(self, chunk: bytes) -> None:
        """More of a request body; waits while the upstream does not read."""
        assert self._transport is not None
        self._transport.write(chunk)
        await self._may_write.wait()

    def spoil(self) -> None:
        """The request was not sent to its end: no other one may follow it."""
        self._ends_with_connection = True

    def release(self) -> bool:
        """Let go of the exchange; True when the connection may serve another one."""
        exchange, self._exchange = self._exchange, None
        is_clean = self.is_open and exchange is not None and exchange.is_complete and not self._ends_with_connection
        if not is_clean:
            self.close()
        elif exchange is not None and exchange.is_head_request:
            self._parser = httptools.HttpResponseParser(self)  # it would wait for the body that HEAD has not
        return is_clean

    def close(self) -> None:
        """Break the connection off."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def resume_reading(self) -> None:
        """The reader of a streamed body has caught up."""
        if self._transport is not None and self.is_open:
            self._transport.resume_reading()

    # --- what the transport tells -------------------------------------------------------------------------------
    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        caller = self._caller
        if caller is not None:
            self._caller = None
            if caller.takes(data):
                return
            self._collect(caller.exchange)
        exchange = self._exchange
        if exchange is None or exchange.is_complete:
            self.close()  # bytes that nobody asked for: whose answer they are can no longer be told
            return
        self._read(exchange, data)
        exchange.tell()

    def _read(self, exchange: Exchange, data: bytes) -> None:
        exchange.has_any_byte = True
        if not self._is_head_done:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            exchange.fail(f"malformed answer: {error}")
            self.close()
            return
        if not self._is_head_done and self._head_bytes > MAX_HEAD_BYTES:
            exchange.fail(f"head of the answer is larger than {MAX_HEAD_BYTES} bytes")
            self.close()
        elif exchange.is_backed_up and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Transport callback: the upstream has said all."""
        exchange = self._exchange
        if exchange is not None and self._is_head_done and self._ends_with_connection:
            exchange.complete()
            exchange.tell()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Transport callback."""
        self.is_open = False
        self._may_write.set()
        exchange = self._exchange if self._caller is None else self._caller.exchange
        if exchange is not None:
            exchange.fail("connection lost" if exc is None else f"connection lost: {exc}")
        self._on_lost(self)
        if exchange is not None:
            exchange.tell()

    def pause_writing(self) -> None:
        """Transport callback."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """Transport callback."""
        self._may_write.set()

    # --- what the parser tells ----------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        """Parser callback."""
        if self._exchange is None or self._exchange.is_complete:
            raise ValueError("an answer that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback. Trailers are not fields of the head, and nobody reads them."""
        assert self._exchange is not None
        if not self._is_head_done:
            self._exchange.fields.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Parser callback."""
        exchange = self._exchange
        assert exchange is not None
        status = self._parser.get_status_code()
        self._is_interim = status < _FIRST_FINAL_STATUS
        if status == _SWITCHING_PROTOCOLS:
            raise ValueError("101 without having been asked")
        if self._is_interim:
            exchange.fields.clear()
            return
        self._is_head_done = True
        exchange.status = status
        is_framed = any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in exchange.fields)
        is_bodyless = exchange.is_head_request or status in _BODYLESS_STATUSES
        self._ends_with_connection |= not self._parser.should_keep_alive() or not (is_framed or is_bodyless)
        exchange.head_complete()
        if exchange.is_head_request:
            exchange.complete()

    def on_body(self, chunk: bytes) -> None:
        """Parser callback."""
        assert self._exchange is not None
        if not self._exchange.take(chunk):
            raise ValueError("body is larger than allowed")

    def on_message_complete(self) -> None:
        """Parser callback."""
        if not self._is_interim and self._exchange is not None:
            self._exchange.complete()
