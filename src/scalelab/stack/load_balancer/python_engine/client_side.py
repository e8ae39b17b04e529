"""One connection of a client: requests are taken from it one after the other, and answered in their order."""

import asyncio
import math
from http import HTTPStatus
from random import random
from time import monotonic
from typing import cast

from scalelab.stack.load_balancer.python_engine.connection_age import greatest_age_s
from scalelab.stack.load_balancer.python_engine.own_answers import own_answer
from scalelab.stack.load_balancer.python_engine.relay import Relay
from scalelab.stack.load_balancer.python_engine.traffic import Traffic
from scalelab.stack.load_balancer.python_engine.wire.received_request import Refusal
from scalelab.stack.service_kit.message_rules import MAX_HEAD_BYTES
from scalelab.stack.service_kit.request_context import next_request_id
from scalelab.stack.service_kit.serving import KEEP_ALIVE_S

LINGER_S = 2.0
"""How long bytes are taken that nobody reads, so that the last answer is not lost with them (RFC 9112, 9.6)."""
_HEAD_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
_LINE_FEED = b"\n"
_MOST_EMPTY_LINES = 2


class ClientSide(asyncio.Protocol):
    """Reads heads itself; the rest of a request goes to its relay."""

    def __init__(self, traffic: Traffic) -> None:
        self.address = b""
        self.deadline_s = 0.0
        """When `expire` is due."""
        self._traffic = traffic
        self._transport: asyncio.Transport | None = None
        self._old_from_s = math.inf
        """When its next answer is its last."""
        self._relay: Relay | None = None
        self._waiting = b""
        """What came behind the request in hand, or the beginning of a head."""
        self._is_advancing = False
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._is_ending = False
        """Whether nothing more is read."""

    def __repr__(self) -> str:
        return f"<connection of {self.address.decode()}: {self._relay or 'idle'}>"

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way, nor has one begun to come."""
        return self._relay is None and not self._waiting

    def expire(self) -> None:
        """The deadline has passed."""
        relay = self._relay
        if relay is not None:
            relay.expire()
        elif self._is_ending:
            self.abort()
        elif self._waiting:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.close()

    def close(self) -> None:
        """What was written still goes out."""
        if self._transport is not None:
            self._is_ending = True
            self.await_within(self._traffic.response_timeout_s)
            self._transport.close()

    def break_off(self) -> None:
        """No more time is given; what can still be said is said."""
        if self._relay is not None:
            self._relay.break_off()
        else:
            self.close()

    # --- what the transport tells -------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Transport callback."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]).encode() if peer else b""
        now_s = monotonic()
        self.deadline_s = now_s + KEEP_ALIVE_S
        if self._traffic.max_connection_age_s:
            self._old_from_s = now_s + greatest_age_s(self._traffic.max_connection_age_s, random())  # noqa: S311
        if not self._traffic.take_in(self):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            self.close()

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        relay = self._relay
        if relay is None:
            if self._is_ending:
                return
            if not self._waiting:
                self.deadline_s = monotonic() + self._traffic.head_timeout_s
            self._waiting += data
            self._advance()
            if self._is_writing_paused and len(self._waiting) > MAX_HEAD_BYTES:
                self.pause_reading(is_paused=True)
        elif relay.takes_bytes:
            self._waiting = relay.take(data)
            if self._relay is None:  # it was answered meanwhile
                self._advance()
        else:
            self._waiting += data
            if len(self._waiting) > MAX_HEAD_BYTES:
                self.pause_reading(is_paused=True)

    def eof_received(self) -> bool:
        """Transport callback. A client that has said all, but in a tunnel, is one that has gone."""
        return self._relay is not None and self._relay.client_ends()

    def connection_lost(self, _error: Exception | None) -> None:
        """Transport callback."""
        self._transport = None
        self._traffic.clients.pop(self, None)
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.client_goes()

    def pause_writing(self) -> None:
        """Transport callback."""
        self._is_writing_paused = True
        if self._relay is not None:
            self._relay.client_pauses(is_paused=True)

    def resume_writing(self) -> None:
        """Transport callback."""
        self._is_writing_paused = False
        if self._relay is not None:
            self._relay.client_pauses(is_paused=False)
        else:
            self.pause_reading(is_paused=False)
            self._advance()

    # --- what the relay tells -----------------------------------------------------------------------------------
    def write(self, data: bytes) -> None:
        """See `Client`."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self, *, is_paused: bool) -> None:
        """See `Client`."""
        if is_paused is self._is_reading_paused or self._transport is None or self._transport.is_closing():
            return
        self._is_reading_paused = is_paused
        if is_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def take_waiting(self) -> bytes:
        """See `Client`."""
        waiting, self._waiting = self._waiting, b""
        self.pause_reading(is_paused=False)
        return waiting

    def await_within(self, limit_s: float) -> None:
        """See `Client`."""
        self.deadline_s = monotonic() + limit_s

    def is_answered(self, *, is_last: bool) -> None:
        """See `Client`."""
        relay, self._relay = self._relay, None
        if not is_last:
            self.deadline_s = monotonic() + (self._traffic.head_timeout_s if self._waiting else KEEP_ALIVE_S)
            if self._is_reading_paused:
                self.pause_reading(is_paused=False)
            if self._waiting:
                self._advance()
        elif relay is not None and relay.takes_bytes:
            self._linger()
        else:
            self.close()

    def abort(self) -> None:
        """See `Client`."""
        self._relay = None
        if self._transport is not None:
            self._transport.abort()

    # --- heads --------------------------------------------------------------------------------------------------
    def _advance(self) -> None:
        """Take requests in hand for as long as they are answered at once: never two at a time."""
        if self._is_advancing:
            return
        self._is_advancing = True
        try:
            while self._waiting and self._relay is None and self._may_go_on():
                self._drop_empty_lines()
                end = self._waiting.find(_HEAD_END)
                if end < 0 or end > MAX_HEAD_BYTES:
                    self._look_at_beginning()
                    return
                head, data = self._waiting[:end], self._waiting[end + len(_HEAD_END) :]
                self._waiting = b""
                self._begin(head, data)
        finally:
            self._is_advancing = False

    def _drop_empty_lines(self) -> None:
        """Before a head: RFC 9112, 2.2."""
        for _ in range(_MOST_EMPTY_LINES):
            self._waiting = self._waiting.removeprefix(_LINE_END)

    def _may_go_on(self) -> bool:
        return self._transport is not None and not self._is_writing_paused and not self._is_ending

    def _begin(self, head: bytes, data: bytes) -> None:
        request = self._traffic.reader.read(head)
        if isinstance(request, Refusal):
            self._refuse(request.status)
            return
        if not request.request_id:
            request.request_id = next_request_id()
        is_last = request.fields.is_last or request.is_old or monotonic() >= self._old_from_s
        self._relay = relay = Relay(self, request, self._traffic, is_last=is_last)
        rest = relay.begin(data)
        if rest:
            self._waiting = rest + self._waiting

    def _look_at_beginning(self) -> None:
        """Of a head that is not whole: whether it may still become one."""
        beginning = self._waiting
        if len(beginning) > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif beginning.count(_LINE_FEED) != beginning.count(_LINE_END):
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _refuse(self, status: HTTPStatus) -> None:
        """The connection ends: where the next request would begin cannot be told."""
        self._waiting = b""
        self._traffic.count_refusal(status)
        self.write(own_answer(status, next_request_id(), is_last=True))
        self._linger()

    def _linger(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._is_ending = True
        self._waiting = b""
        self.deadline_s = monotonic() + LINGER_S
        self.pause_reading(is_paused=False)
        self._transport.write_eof()
