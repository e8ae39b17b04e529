"""The services' HTTP protocol with the hit path in front: one dict look-up decides, the rest is as ever.

Answers only while nothing else is under way on the connection. What it does for each request is measured in
microseconds, so calls are few and the state of the connection is kept in one flag.
"""

from math import inf
from time import monotonic
from typing import Any
from zlib import crc32

from scalelab.stack.api_gateway.hot_path.hot_answer import QUICK_S
from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.hot_path.known_head import KnownHead
from scalelab.stack.api_gateway.hot_path.request_key import id_from, request_key, start_of_last_value
from scalelab.stack.service_kit.bounded_protocol import BoundedProtocol
from scalelab.stack.service_kit.logs import sampling_bound, write_access_line
from scalelab.stack.service_kit.request_context import next_request_id

STATE_NAME = "hot_table"
"""Under this name the lifespan's state holds the `HotTable`."""
SAMPLE_RATIO_NAME = "access_sample_ratio"
KEY_IN_SCOPE = "scalelab.hot_key"
"""Where the long way finds the key under which its answer may be kept."""
_LINE_FEED = ord("\n")


class HotPathProtocol(BoundedProtocol):
    """Answers from the table when nothing else is under way on this connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table: HotTable | None = self.app_state.get(STATE_NAME)
        self._peek = None if self._table is None else self._table.peek
        """Where to look a head up; None where nothing is kept."""
        self._steady_clock_s = monotonic if self._table is None else self._table.steady_clock_s
        self._sampling_bound = sampling_bound(self.app_state.get(SAMPLE_RATIO_NAME, 0.0))
        self._is_free = False
        """Whether the table may be asked: no message has begun that is not answered, and the client reads."""
        self._last_answer_s = -inf

    def connection_made(self, transport: Any) -> None:
        """Transport callback."""
        super().connection_made(transport)
        self._note_whether_free()

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        peek = self._peek
        if peek is not None and self._is_free:
            known, request_id = peek(data), b""
            if known is None or data[-1] != _LINE_FEED:  # one that is known to its last line end is a whole request
                start = start_of_last_value(data)
                known = peek(data[:start])
                if known is not None:
                    request_id = id_from(data, start)
                    if not request_id:
                        known = None
            if known is not None and self._is_given(known, request_id):
                return
        self._take_the_long_way(data)

    def on_message_begin(self) -> None:
        """Parser callback."""
        self._is_free = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Parser callback."""
        super().on_message_complete()
        self._note_whether_free()

    def on_response_complete(self) -> None:
        """Called when the long way has answered."""
        super().on_response_complete()
        self._note_whether_free()

    def pause_writing(self) -> None:
        """Transport callback."""
        self._is_free = False
        super().pause_writing()

    def resume_writing(self) -> None:
        """Transport callback."""
        super().resume_writing()
        self._note_whether_free()

    def timeout_keep_alive_handler(self) -> None:
        """The idle timer: the shortest answers do not touch it, so it asks when the last one was."""
        idle_s = self._steady_clock_s() - self._last_answer_s
        if idle_s < self.timeout_keep_alive:
            self._await_request(self.timeout_keep_alive - idle_s)
        else:
            super().timeout_keep_alive_handler()

    @property
    def idle_until_s(self) -> float | None:
        """See `Idler`: the shortest answers do not touch the timer."""
        until_s = super().idle_until_s
        return None if until_s is None else max(until_s, self._last_answer_s + self.timeout_keep_alive)

    def _is_given(self, known: KnownHead, request_id: bytes) -> bool:
        table = self._table
        assert table is not None
        steady_s = table.steady_clock_s()
        if not table.may_be_given(known, steady_s):
            return False
        answer = known.answer
        request_id = request_id or next_request_id()
        self.transport.write(b"".join((answer.head, request_id, answer.tail)))
        self._last_answer_s = steady_s
        duration_s = table.steady_clock_s() - steady_s
        hits = answer.hits
        hits.number += 1
        if duration_s <= QUICK_S:
            hits.quick_s += duration_s
        else:
            hits.slow.observe(duration_s)
        if crc32(request_id) < self._sampling_bound:
            write_access_line("GET", answer.path, 200, duration_s, request_id.decode("ascii"))
        return True

    def _take_the_long_way(self, data: bytes) -> None:
        key = request_key(data) if self._is_free else None
        cycle_before = self.cycle
        super().data_received(data)
        if self._is_free and self.timeout_keep_alive_task is None:
            self._await_request()  # no message has begun
        elif key is not None and self.cycle is not cycle_before and self._is_between_messages:
            self.scope[KEY_IN_SCOPE] = key  # type: ignore[literal-required]

    def _note_whether_free(self) -> None:
        self._is_free = (
            self._is_between_messages
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and not self._is_deaf
        )

    def _go_deaf(self) -> None:
        self._is_free = False
        super()._go_deaf()
