"""One connection to a member: one request at a time, whose answer is read head first and then by its framing."""

import asyncio
from collections.abc import Callable
from typing import cast

from scalelab.stack.load_balancer.python_engine.last_bytes import left_in
from scalelab.stack.load_balancer.python_engine.parties import Asker
from scalelab.stack.load_balancer.python_engine.wire.body_framing import BadFraming, Body, EndlessBody, body_of
from scalelab.stack.load_balancer.python_engine.wire.received_answer import (
    MAX_HEAD_BYTES,
    SWITCHING_PROTOCOLS,
    ReceivedAnswer,
    read_answer,
)

_HEAD_END = b"\r\n\r\n"


class MemberSide(asyncio.Protocol):
    """Bytes that nobody asked for close the connection: whose they are cannot be told."""

    def __init__(self, on_lost: Callable[["MemberSide"], None]) -> None:
        self.is_open = False
        self.idle_since_s = 0.0
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._asker: Asker | None = None
        self._head = b""
        """What has come of a head that is not whole."""
        self._has_any_byte = False
        self._body: Body | None = None
        self._is_reusable = False

    def __repr__(self) -> str:
        return f"<connection to a member: {'asked' if self._asker else 'idle'}>"

    def ask(self, asker: Asker, data: bytes) -> None:
        """Send the beginning of a request; `asker` is told what comes."""
        assert self._transport is not None
        self._asker = asker
        self._has_any_byte = False
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        """More of the request."""
        if data and self.is_open and self._transport is not None:
            self._transport.write(data)

    def write_end(self) -> None:
        """Nothing more will be sent: the client of a tunnel has said all."""
        if self.is_open and self._transport is not None and self._transport.can_write_eof():
            self._transport.write_eof()

    def release(self, *, is_request_sent: bool) -> bool:
        """The asker is done; whether another request may follow."""
        body, self._asker, self._body = self._body, None, None
        is_whole = body is not None and body.is_complete and not body.rest
        is_clean = self.is_open and self._is_reusable and is_request_sent and is_whole
        if is_clean:
            self.pause_reading(is_paused=False)
        else:
            self.close()
        return is_clean

    def close(self) -> None:
        """Break it off."""
        self.is_open = False
        self._asker = None
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self, *, is_paused: bool) -> None:
        """While the client does not take more, nothing more is taken from the member."""
        if self.is_open and self._transport is not None:
            if is_paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # --- what the transport tells -------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Transport callback."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        asker, body = self._asker, self._body
        if asker is None:
            self.close()
            return
        self._has_any_byte = True
        try:
            if body is None:
                self._read_heads(asker, self._head + data if self._head else data)
            else:
                piece = body.feed(data)
                asker.takes_more(piece, is_complete=body.is_complete)
        except BadFraming:
            self._lose()

    def _read_last(self, data: bytes) -> None:
        """What came before the connection broke, while something was being sent on it."""
        if data:
            self.data_received(data)
        self.eof_received()

    def eof_received(self) -> bool:
        """Transport callback: the member has said all."""
        if self._asker is not None and self._body is not None and not self._body.is_complete:
            last = self._body.ending()
            if last is not None:
                self._is_reusable = False
                self._body.is_complete = True
                self._asker.takes_more(last, is_complete=True)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Transport callback. Who answers before it has read all, and closes, is heard all the same."""
        if error is not None and self._asker is not None and self._transport is not None:
            self._read_last(left_in(self._transport))
        self._lose()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Transport callback."""
        if self._asker is not None:
            self._asker.pauses(is_paused=True)

    def resume_writing(self) -> None:
        """Transport callback."""
        if self._asker is not None:
            self._asker.pauses(is_paused=False)

    # --- the answer ---------------------------------------------------------------------------------------------
    def _read_heads(self, asker: Asker, data: bytes) -> None:
        while True:
            end = data.find(_HEAD_END)
            if end < 0:
                self._head = data
                if len(data) > MAX_HEAD_BYTES:
                    self._lose()
                return
            answer = read_answer(data[:end], is_head_request=asker.is_head_request) if end <= MAX_HEAD_BYTES else None
            data = data[end + len(_HEAD_END) :]
            if answer is None or (answer.is_interim and not asker.takes_interim(answer)):
                self._lose()
                return
            if answer.status == SWITCHING_PROTOCOLS or not answer.is_interim:
                break
        self._head = b""
        self._begin_body(asker, answer, data)

    def _begin_body(self, asker: Asker, answer: ReceivedAnswer, data: bytes) -> None:
        self._is_reusable = not answer.is_last
        if answer.status == SWITCHING_PROTOCOLS:
            self._body = EndlessBody(is_to_be_chunked=False)
            self._is_reusable = False
            if data:
                asker.takes_more(data, is_complete=False)
            return
        body = self._body = body_of(answer.body, is_to_be_chunked=asker.knows_chunks)
        piece = body.feed(data) if data else data
        asker.takes(answer, piece, is_complete=body.is_complete)

    def _lose(self) -> None:
        asker, self._asker = self._asker, None
        self.close()
        if asker is not None:
            asker.loses(has_any_byte=self._has_any_byte)
