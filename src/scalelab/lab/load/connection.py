"""One HTTP/1.1 connection of the generator: one request at a time, its answer parsed as it arrives, nothing raised.

Never looks at the clock and never decides: it tells its listener what became of the request.
"""

import asyncio
from typing import Any, Protocol, cast

import httptools

from scalelab.lab.correctness.proofs import Defect
from scalelab.lab.load.faults import TOO_LARGE_HEAD, UNASKED_UPGRADE, Fault, loss_fault, malformed
from scalelab.lab.load.requests import Request
from scalelab.lab.load.targets import Origin

MAX_HEAD_BYTES = 64 * 1024
_FIRST_FINAL_STATUS = 200
_SWITCHING_PROTOCOLS = 101


class Listener(Protocol):
    """Who wants to know. Each request ends with exactly one of `answered` and `broke`, unless it was given up."""

    def opened(self, connection: "Connection") -> None:
        """The connection is there, the request was written."""

    def answered(self, connection: "Connection", status: int, *, can_serve_again: bool) -> None:
        """The answer is complete."""

    def broke(self, connection: "Connection", fault: Fault) -> None:
        """There will be no answer; the connection is gone."""

    def lost(self, connection: "Connection") -> None:
        """A connection without a request is gone."""


class Connection(asyncio.Protocol):
    """Carries what it serves: the request, its intended and its actual start, its user."""

    __slots__ = (
        "_has_any_byte", "_head", "_is_complete", "_is_head_done", "_is_interim", "_is_kept_alive",
        "_is_spoiled", "_listener", "_parser",
        "_transport", "actual_s", "bytes_received", "intended_s", "is_busy", "is_dead", "origin", "request", "user",
    )  # fmt: skip

    def __init__(self, origin: Origin, listener: Listener) -> None:
        self.origin = origin
        self.is_busy = False
        self.is_dead = False
        self.request: Request | None = None
        self.intended_s = 0.0
        self.actual_s = 0.0
        self.user = 0
        self.bytes_received = 0
        self._listener = listener
        self._transport: Any = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._forget_answer()
        self._is_spoiled = False

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._transport is not None and not self.is_dead

    def start(self, request: Request, intended_s: float, actual_s: float, user: int) -> None:
        """Serve a request: at once when open, otherwise as soon as connected."""
        self.request = request
        self.intended_s = intended_s
        self.actual_s = actual_s
        self.user = user
        self.is_busy = True
        if self._transport is not None:
            self._transport.write(request.head_and_body)

    def abandon(self) -> None:
        """Give up whatever it does, without a word to the listener."""
        self.is_dead = True
        self.is_busy = False
        if self._transport is not None:
            self._transport.abort()

    def defect(self) -> Defect:
        """What is wrong with the answer just completed; asked for where its request has a check."""
        return ""

    def field(self, name: str) -> str:  # noqa: ARG002  what others keep
        """A header field of the answer just completed; empty where none is kept."""
        return ""

    def fail_to_open(self, fault: Fault) -> None:
        """The connector could not open it."""
        if not self.is_dead:
            self.abandon()
            self._listener.broke(self, fault)

    # --- what the transport tells -------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Transport callback; after the handshake when there is one."""
        self._transport = cast(asyncio.Transport, transport)
        if self.is_dead:
            self._transport.abort()
            return
        self._listener.opened(self)
        if self.request is not None:
            self._transport.write(self.request.head_and_body)

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        if self.is_dead:
            return
        self.bytes_received += len(data)
        if not self.is_busy:  # bytes that nobody asked for: whose answer they are can no longer be told
            self.abandon()
            self._listener.lost(self)
            return
        self._has_any_byte = True
        if not self._is_head_done:
            self._head += data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._break(UNASKED_UPGRADE)
        except httptools.HttpParserError as error:
            self._break(malformed(error))
        else:
            if self._is_complete:
                self._finish(can_serve_again=self._is_kept_alive)
            elif not self._is_head_done and len(self._head) > MAX_HEAD_BYTES:
                self._break(TOO_LARGE_HEAD)

    def eof_received(self) -> bool:
        """Transport callback: the end of an answer that has no other one."""
        if self.is_busy and self._is_head_done and not self._is_framed():
            self._finish(can_serve_again=False)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Transport callback."""
        if self.is_dead:
            return
        if self.is_busy:
            self._break(loss_fault(exc, has_any_byte=self._has_any_byte))
        else:
            self.is_dead = True
            self._listener.lost(self)

    # --- what the parser tells ----------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        """Parser callback."""
        if self._is_complete:
            self._is_spoiled = True  # a second answer

    def on_headers_complete(self) -> None:
        """Parser callback."""
        status = self._parser.get_status_code()
        self._is_interim = status < _FIRST_FINAL_STATUS and status != _SWITCHING_PROTOCOLS
        if not self._is_interim:
            self._is_head_done = True
            self._is_kept_alive = self._parser.should_keep_alive()  # once complete, the parser has forgotten
            self._is_complete = self.request is not None and self.request.is_head

    def on_message_complete(self) -> None:
        """Parser callback."""
        if self._is_interim:
            self._head = b""
        else:
            self._is_complete = True

    # --- inside -------------------------------------------------------------------------------------------------
    def _finish(self, *, can_serve_again: bool) -> None:
        status = self._parser.get_status_code()
        is_good_for_more = can_serve_again and not self._is_spoiled
        if self.request is not None and self.request.is_head:
            self._parser = httptools.HttpResponseParser(self)  # it would wait for the body that HEAD has not
        self._forget_answer()
        if not is_good_for_more:
            self.abandon()
        self.is_busy = False
        self._listener.answered(self, status, can_serve_again=is_good_for_more)

    def _forget_answer(self) -> None:
        self._is_complete = False
        self._is_head_done = False
        self._is_interim = False
        self._is_kept_alive = False
        self._has_any_byte = False
        self._head = b""

    def _break(self, fault: Fault) -> None:
        self.abandon()
        self._listener.broke(self, fault)

    def _is_framed(self) -> bool:
        head = self._head.partition(b"\r\n\r\n")[0].lower()
        return b"\r\ncontent-length:" in head or b"\r\ntransfer-encoding:" in head


class ProvingConnection(Connection):
    """One that keeps header fields and body of each answer, so that they can be checked."""

    __slots__ = ("_body", "_fields")

    def __init__(self, origin: Origin, listener: Listener) -> None:
        self._body: list[bytes] = []
        self._fields: dict[bytes, bytes] = {}
        super().__init__(origin, listener)

    def start(self, request: Request, intended_s: float, actual_s: float, user: int) -> None:
        """See `Connection.start`."""
        self._body, self._fields = [], {}
        super().start(request, intended_s, actual_s, user)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback; the last of several counts."""
        self._fields[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Parser callback."""
        self._body.append(body)

    def defect(self) -> Defect:
        """See `Connection.defect`."""
        check = self.request.check if self.request is not None else None
        return check(self._fields, b"".join(self._body)) if check is not None else ""

    def field(self, name: str) -> str:
        """See `Connection.field`."""
        return self._fields.get(name.lower().encode(), b"").decode("latin-1")
