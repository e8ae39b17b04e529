"""Uvicorn's HTTP protocol with the hit path in front: one dict look-up decides, the rest is as ever."""

import itertools
import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.api_gateway.hot_path.hot_answer import HotAnswer
from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey, request_key
from scalelab.stack.http_cache.http_dates import format_http_date
from scalelab.stack.service_kit.logs import is_sampled

STATE_NAME = "hot_table"
"""Under this name the lifespan's state holds the `HotTable`."""
SAMPLE_RATIO_NAME = "access_sample_ratio"
KEY_IN_SCOPE = "scalelab.hot_key"
"""Where the long way finds the key under which its answer may be kept."""
_ID_NAME = REQUEST_ID_HEADER.lower().encode()


class HotPathProtocol(HttpToolsProtocol):
    """Answers from the table when nothing else is under way on this connection."""

    _ids = itertools.count()
    _id_prefix = secrets.token_hex(4)
    _date_second = -1
    _date = b""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table: HotTable | None = self.app_state.get(STATE_NAME)
        self._sample_ratio: float = self.app_state.get(SAMPLE_RATIO_NAME, 0.0)
        self._is_between_messages = True
        self._last_hit_s = 0.0

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        key = request_key(data) if self._table is not None and self._is_idle() else None
        if key is None:
            super().data_received(data)
            return
        sampled_id = b""
        table = self._table
        assert table is not None
        now_s = table.clock_s()
        answer = table.get(key.head, now_s, table.steady_clock_s())
        if answer is not None:
            request_id = key.request_id or b"%b-%x" % (self._id_prefix.encode(), next(self._ids))
            if not self._sample_ratio or not is_sampled(request_id.decode("ascii"), self._sample_ratio):
                self._give(answer, now_s, request_id)
                return
            sampled_id = request_id  # the long way writes the access line
        self._take_the_long_way(data, key, sampled_id)

    def on_message_begin(self) -> None:
        """Parser callback."""
        self._is_between_messages = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Parser callback."""
        self._is_between_messages = True
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """The idle timer: hits do not touch it, so it asks when the last one was."""
        idle_s = self.loop.time() - self._last_hit_s
        if idle_s < self.timeout_keep_alive:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive - idle_s, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def _is_idle(self) -> bool:
        return (
            self._is_between_messages
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
        )

    def _take_the_long_way(self, data: bytes, key: RequestKey, sampled_id: bytes) -> None:
        cycle_before = self.cycle
        super().data_received(data)
        if self.cycle is cycle_before or not self._is_between_messages:
            return
        self.scope[KEY_IN_SCOPE] = key  # type: ignore[literal-required]
        if sampled_id and not key.request_id:
            self.headers.append((_ID_NAME, sampled_id))  # so that the line is written for the id that was drawn

    def _give(self, answer: HotAnswer, now_s: float, request_id: bytes) -> None:
        self.transport.write(
            b"%bx-request-id: %b\r\n%b" % (answer.head(now_s, self._http_date(now_s)), request_id, answer.tail)
        )
        self._table.hits[answer.route] += 1  # type: ignore[union-attr]  # the answer is from there
        self.server_state.total_requests += 1
        self._last_hit_s = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @classmethod
    def _http_date(cls, now_s: float) -> bytes:
        second = int(now_s)
        if second != cls._date_second:
            cls._date_second, cls._date = second, format_http_date(second).encode()
        return cls._date
