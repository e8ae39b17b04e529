"""Uvicorn's HTTP protocol with bounds: of time and size for each request, and no answer out of turn.

What the parser alone would let pass is in `message_rules`. Here are the effects: a request that is refused is
answered in its turn or not at all, then nothing more is read as a request on this connection; and whoever still sends
is listened to for a moment, so that the answer is not lost with the connection.
"""

import json
from asyncio import TimerHandle
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER
from scalelab.stack.service_kit.connection_room import ConnectionRoom
from scalelab.stack.service_kit.documents import problem_document
from scalelab.stack.service_kit.message_rules import (
    MAX_HEAD_BYTES,
    MIN_BODY_BYTES_PER_S,
    Bounds,
    Framing,
    framing_of,
    is_mostly_overhead,
    size_of_head,
)
from scalelab.stack.service_kit.request_context import next_request_id

DRAINED_BYTES = 256 * 1024
"""What is read and thrown away of a body that nobody wanted, so that its connection may serve another request."""
LINGER_S = 2.0
LINGER_BYTES = 256 * 1024


class RefusedError(Exception):
    """Raised within the parser's callbacks to stop it; the protocol answers."""


class BoundedProtocol(HttpToolsProtocol):
    """For every service. `bounds` say how long a client may take; `room` is that of all connections together."""

    def __init__(
        self, *args: Any, bounds: Bounds | None = None, room: ConnectionRoom | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds or Bounds()
        self._room = room
        self._makes_room = False
        self._is_between_messages = True
        self._is_in_head = False
        self._began_with_this_data = False
        self._data_bytes = 0
        """Of the piece in hand."""
        self._head_bytes = 0
        """Of the head in hand, in earlier pieces; the piece in which it began is not counted."""
        self._body_bytes = 0
        self._body_bytes_before = 0
        """When this piece came."""
        self._body_bytes_judged = -1
        """When the body's pace was looked at last; -1: not yet."""
        self._overhead_bytes = 0
        self._framing = Framing()
        self._refusal = HTTPStatus.BAD_REQUEST
        self._awaits_turn = False
        """Whether a refusal is told after the answers before it."""
        self._is_deaf = False
        """Whether no more requests are read."""
        self._has_left = False
        self._lingered_bytes = 0
        self._watch: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Transport callback. A client that never asks is shown the door, as one who no longer asks."""
        super().connection_made(transport)
        self._await_request()
        if self._room is not None:
            self._room.enter(cast(set["BoundedProtocol"], self.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        """Transport callback."""
        self._stop_watch()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._makes_room and self._room is not None:
            self._room.left()

    @property
    def idle_until_s(self) -> float | None:
        """See `Idler`."""
        is_idle = self._is_between_messages and not self._is_deaf and not self._makes_room and not self.pipeline
        if not is_idle or self.timeout_keep_alive_task is None:
            return None
        is_answered = self.cycle is None or self.cycle.response_complete
        return self.timeout_keep_alive_task.when() if is_answered else None

    def make_room(self) -> None:
        """See `Idler`."""
        self._makes_room = True
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        if self._is_deaf:
            self._throw_away(data)
            return
        self._data_bytes = len(data)
        self._began_with_this_data = False
        self._body_bytes_before = self._body_bytes
        super().data_received(data)
        if self._is_deaf:
            return
        if self._is_between_messages:
            self._stop_watch()
            return
        self._count(len(data))
        if self._watch is None and not self._is_deaf:
            self._body_bytes_judged = -1
            self._watch = self.loop.call_later(self._bounds.head_s, self._look)

    # --- what the parser tells ----------------------------------------------------------------------------------
    def on_message_begin(self) -> None:
        """Parser callback."""
        self._is_between_messages = False
        self._is_in_head = self._began_with_this_data = True
        self._head_bytes = self._body_bytes = self._body_bytes_before = self._overhead_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Parser callback."""
        framing = framing_of(self.parser.get_http_version(), self.url, self.headers)
        if not isinstance(framing, Framing):
            self._refusal = framing
            raise RefusedError
        if self._head_bytes + self._data_bytes > MAX_HEAD_BYTES < size_of_head(self.url, self.headers):
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise RefusedError
        self._framing = framing
        super().on_headers_complete()
        self._is_in_head = False
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # nothing is upgraded here, and the parser reads no further
        if framing.is_longer_than(DRAINED_BYTES):
            self.cycle.transport = _Unhurried(self)  # type: ignore[assignment]
        if framing.is_chunked:
            self.headers = []  # trailers come to a list of their own: no field of the head is replaced after it

    def on_body(self, body: bytes) -> None:
        """Parser callback."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Parser callback."""
        self._is_between_messages = True
        super().on_message_complete()

    # --- answers ------------------------------------------------------------------------------------------------
    def on_response_complete(self) -> None:
        """Called when a request was answered."""
        is_last = not self.pipeline
        super().on_response_complete()
        if not is_last or self.transport.is_closing():
            return
        is_unread = not self._is_between_messages and not self._is_in_head
        if self._awaits_turn:
            self._awaits_turn = False
            self._answer(self._refusal)
        elif self._is_deaf or (is_unread and self._framing.is_longer_than(DRAINED_BYTES)):
            self.leave()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the base class's words
        """What the base class calls when the parser fails."""
        self._refuse(self._refusal)

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: whoever asks for an upgrade gets an answer without."""

    def leave(self) -> None:
        """Close, but let a client that still sends have its answer: read on for a moment, and forget what comes."""
        self._go_deaf()
        self._unset_keepalive_if_required()
        if self._has_left or self.transport.is_closing():
            return
        self._has_left = True
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._watch = self.loop.call_later(LINGER_S, self.transport.close)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer the message in hand so, if it is its turn, and be deaf from now on."""
        cycle, is_in_body = self.cycle, not self._is_between_messages and not self._is_in_head
        self._refusal = status
        self._go_deaf()
        if is_in_body and any(cycle is waiting for waiting, _ in self.pipeline):
            self.pipeline.popleft()  # it is the newest
            self._awaits_turn = True
        elif is_in_body and cycle.response_complete:
            self.leave()  # it has its answer
        elif is_in_body:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
            else:
                self._answer(status)
        elif cycle is None or cycle.response_complete:
            self._answer(status)
        else:
            self._awaits_turn = True

    def _go_deaf(self) -> None:
        """From now on, what comes is no request."""
        self._is_deaf = True
        if not self._has_left:
            self._stop_watch()

    def _answer(self, status: HTTPStatus) -> None:
        request_id = str(next_request_id(), "ascii")
        body = json.dumps(problem_document(status.value, request_id))
        fields = (
            f"content-type: {PROBLEM_MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"{REQUEST_ID_HEADER.lower()}: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[status.value] + (fields + body).encode())
        self.leave()

    # --- bounds -------------------------------------------------------------------------------------------------
    def _count(self, data_bytes: int) -> None:
        """A message goes on beyond this piece."""
        if self._is_in_head:
            self._head_bytes += 0 if self._began_with_this_data else data_bytes
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._framing.is_chunked and not self._began_with_this_data:
            self._overhead_bytes += data_bytes - (self._body_bytes - self._body_bytes_before)
            if is_mostly_overhead(self._overhead_bytes, self._body_bytes):
                self._refuse(HTTPStatus.BAD_REQUEST)

    def _look(self) -> None:
        """Timer: whether the message in hand comes fast enough."""
        self._watch = None
        if self._is_between_messages or self._is_deaf or self.transport.is_closing():
            return
        demanded = self._bounds.body_s * MIN_BODY_BYTES_PER_S
        is_judged = self._body_bytes_judged >= 0 and not self.flow.read_paused
        is_slow = is_judged and self._body_bytes - self._body_bytes_judged < demanded
        if self._is_in_head or is_slow:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
            return
        self._body_bytes_judged = self._body_bytes
        self._watch = self.loop.call_later(self._bounds.body_s, self._look)

    def _throw_away(self, data: bytes) -> None:
        self._lingered_bytes += len(data)
        if self._lingered_bytes > LINGER_BYTES and not self.transport.is_closing():
            self.transport.close()

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _await_request(self, within_s: float | None = None) -> None:
        delay_s = self.timeout_keep_alive if within_s is None else within_s
        self.timeout_keep_alive_task = self.loop.call_later(delay_s, self.timeout_keep_alive_handler)


class _Unhurried:
    """The transport for the answer to a request with a large body, which may not have been read: `close` lingers."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self._protocol = protocol
        self.write = protocol.transport.write
        self.is_closing = protocol.transport.is_closing

    def close(self) -> None:
        """After the answer."""
        self._protocol.leave()
