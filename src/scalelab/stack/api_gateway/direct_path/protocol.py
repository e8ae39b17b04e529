"""The gateway's connections: the hit path first, then plain reads straight to their handler, then all else.

A read that is not plain, or whose client is new, goes the ordinary way before anything of it was done.
"""

from typing import Any, cast

from scalelab.stack.api_gateway.direct_path.cycle import DirectCycle
from scalelab.stack.api_gateway.direct_path.direct_reads import STATE_NAME, DirectReads
from scalelab.stack.api_gateway.direct_path.known_client import Target
from scalelab.stack.api_gateway.direct_path.passing import PassingCycle
from scalelab.stack.api_gateway.hot_path.protocol import KEY_IN_SCOPE, HotPathProtocol
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey, request_key


class DirectPathProtocol(HotPathProtocol):
    """Takes what the hit path leaves over, while nothing else is under way on this connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reads: DirectReads | None = self.app_state.get(STATE_NAME)
        self._read: DirectCycle | PassingCycle | None = None
        self._of_connection: dict[str, Any] = {}

    def connection_made(self, transport: Any) -> None:
        """Transport callback."""
        super().connection_made(transport)
        self._of_connection = {
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

    def _take_the_long_way(self, data: bytes) -> None:
        reads = self._reads
        key = request_key(data) if reads is not None and self._is_free else None
        target = None if key is None or reads is None else reads.lines.read(key.head)
        if reads is None or key is None or target is None:
            super()._take_the_long_way(data)
        elif not self._is_passed(reads, key, target) and not self._is_taken(reads, key, target):
            cycle_before = self.cycle
            super()._take_the_long_way(data)
            if self.cycle is not cycle_before and self.scope["http_version"] == "1.1":
                fields_bytes = key.head[target.fields_from :]
                reads.clients.learn(fields_bytes, self.headers, has_id_at_its_end=bool(key.request_id))

    def _is_passed(self, reads: DirectReads, key: RequestKey, target: Target) -> bool:
        passed = reads.passed(key, target, self._of_connection) if reads.passages else None
        if passed is None:
            return False
        passage, scope = passed
        self._is_free = False
        self._unset_keepalive_if_required()
        self._read = PassingCycle(self, reads, passage, scope, target.key)
        self.cycle = cast(Any, self._read)
        self._read.start()
        return True

    def _is_taken(self, reads: DirectReads, key: RequestKey, target: Target) -> bool:
        request = reads.request(key, target, self._of_connection)
        if request is None:
            return False
        request.scope[KEY_IN_SCOPE] = key
        self._is_free = False
        self._unset_keepalive_if_required()
        read = self._read = DirectCycle(self, reads, request)
        self.cycle = cast(Any, read)
        read.start(self.loop, self.tasks)
        return True
