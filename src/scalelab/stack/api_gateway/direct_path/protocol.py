"""The gateway's connections: the hit path first, then plain reads straight to their handler, then all else.

A read that is not plain, or whose client is new, goes the ordinary way before anything of it was done.
"""

from typing import Any, cast

from scalelab.stack.api_gateway.direct_path.cycle import DirectCycle
from scalelab.stack.api_gateway.direct_path.direct_reads import STATE_NAME, DirectReads
from scalelab.stack.api_gateway.direct_path.known_client import KnownClient, Target
from scalelab.stack.api_gateway.direct_path.passing import PassingCycle
from scalelab.stack.api_gateway.hot_path.protocol import KEY_IN_SCOPE, HotPathProtocol
from scalelab.stack.api_gateway.hot_path.request_key import request_key
from scalelab.stack.service_kit.request_context import next_request_id


class DirectPathProtocol(HotPathProtocol):
    """Takes what the hit path leaves over, while nothing else is under way on this connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reads: DirectReads | None = self.app_state.get(STATE_NAME)
        self._read: DirectCycle | PassingCycle | None = None
        self.of_connection: dict[str, Any] = {}
        """What the scope of each request says of the connection."""
        if self._reads is not None:
            self._steady_clock_s = self._reads.steady_clock_s
            if self._reads.passages:
                self._peek = None  # nothing is kept

    def connection_made(self, transport: Any) -> None:
        """Transport callback."""
        super().connection_made(transport)
        self.of_connection = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
        }

    def connection_lost(self, exc: Exception | None) -> None:
        """Transport callback. A read under way is told, though others may wait behind it."""
        if self._read is not None and not self._read.response_complete:
            self._read.disconnected = True
            self._read.set()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """The idle timer: a read that is passed on does not touch it either."""
        if self._read is not None and not self._read.response_complete:
            self._await_request()
        else:
            super().timeout_keep_alive_handler()

    def on_read_complete(self, now_s: float) -> None:
        """A read that was passed on is answered, or will not be."""
        self._last_answer_s = now_s
        if self.pipeline or self.timeout_keep_alive_task is None:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1
            self._note_whether_free()

    def _take_the_long_way(self, data: bytes) -> None:
        reads = self._reads
        target = reads.lines.read(data) if reads is not None and self._is_free else None
        if reads is None or target is None:
            super()._take_the_long_way(data)
            return
        known = reads.clients.of(target.fields)
        read = None if known is None else self._read_of(reads, data, target, *known)
        if read is None:
            self._take_the_ordinary_way(reads, data)
            return
        self._is_free = False
        self._read = read
        self.cycle = cast(Any, read)
        read.start()

    def _read_of(
        self, reads: DirectReads, data: bytes, target: Target, client: KnownClient, request_id: bytes
    ) -> DirectCycle | PassingCycle | None:
        """None when the ordinary way must see it."""
        passage = reads.passages.get(target.path)
        if passage is not None:
            now_s = reads.steady_clock_s()
            if client.bearer.admitted(now_s) is None:
                return None
            return PassingCycle(self, reads, passage, target, client, request_id or next_request_id(), now_s)
        key = request_key(data)
        request = None if key is None else reads.request(key, target, client, self.of_connection)
        if request is None:
            return None
        request.scope[KEY_IN_SCOPE] = key
        self._unset_keepalive_if_required()
        return DirectCycle(self, reads, request)

    def _take_the_ordinary_way(self, reads: DirectReads, data: bytes) -> None:
        """And remember the client."""
        key = request_key(data)
        cycle_before = self.cycle
        super()._take_the_long_way(data)
        if key is not None and self.cycle is not cycle_before and self.scope["http_version"] == "1.1":
            target = reads.lines.read(key.head)
            if target is not None:
                reads.clients.learn(target.fields, self.headers, has_id_at_its_end=bool(key.request_id))
