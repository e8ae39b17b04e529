"""Uvicorn's HTTP protocol with the hit path in front: one dict look-up decides, the rest is as ever."""

import itertools
import secrets
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey, request_key
from scalelab.stack.http_cache.http_dates import format_http_date
from scalelab.stack.service_kit.logs import is_sampled

STATE_NAME = "hot_table"
"""Under this name the lifespan's state holds the `HotTable`."""
SAMPLE_RATIO_NAME = "access_sample_ratio"
KEY_IN_SCOPE = "scalelab.hot_key"
"""Where the long way finds the key under which its answer may be kept."""


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
        key = None
        if self._table is not None and self._is_idle():
            key = request_key(data)
            if key is not None and self._answer(self._table, key):
                return
        cycle_before = self.cycle
        super().data_received(data)
        if key is not None and self.cycle is not cycle_before and self._is_between_messages:
            self.scope[KEY_IN_SCOPE] = key  # type: ignore[literal-required]

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

    def _answer(self, table: HotTable, key: RequestKey) -> bool:
        now_s = time.time()
        answer = table.get(key.head, now_s)
        if answer is None:
            return False
        request_id = key.request_id or b"%b-%x" % (self._id_prefix.encode(), next(self._ids))
        if self._sample_ratio and is_sampled(request_id.decode("ascii"), self._sample_ratio):
            return False  # the long way writes the access line
        self.transport.write(
            b"%bx-request-id: %b\r\n\r\n%b" % (answer.head(now_s, self._http_date(now_s)), request_id, answer.body)
        )
        table.hits[answer.route] += 1
        self.server_state.total_requests += 1
        self._last_hit_s = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        return True

    @classmethod
    def _http_date(cls, now_s: float) -> bytes:
        second = int(now_s)
        if second != cls._date_second:
            cls._date_second, cls._date = second, format_http_date(second).encode()
        return cls._date
