"""Reads that nothing but the service decides: nothing is kept, nothing bounds them, no tactic stands between.

What goes up is written once, but for key and id; what comes down is the service's answer with the gateway's fields.
"""

from collections.abc import Callable

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.api_gateway.direct_path.plain_heads import PlainHeads
from scalelab.stack.api_gateway.forwarded_headers import UPSTREAM_REQUEST_HEADERS
from scalelab.stack.upstream import UpstreamClient
from scalelab.stack.upstream.request_head import request_head

_PLACE = "scalelab-place"


class Passage:
    """One route's way to its service."""

    def __init__(self, upstream: UpstreamClient, path_of: Callable[[str], str]) -> None:
        """`path_of`: the service's path for a record key."""
        self.upstream = upstream
        self.heads = PlainHeads()
        head = request_head(
            "GET",
            path_of(_PLACE),
            upstream.host,
            [*UPSTREAM_REQUEST_HEADERS.items(), (REQUEST_ID_HEADER, _PLACE)],
            None,
        )
        self._before_key, self._before_id, self._end = head.split(_PLACE.encode())

    def head_of(self, key: bytes, request_id: bytes) -> bytes:
        """What is sent."""
        return b"".join((self._before_key, key, self._before_id, request_id, self._end))
