"""Reads that nothing but the service decides: nothing is kept, nothing bounds them, no tactic stands between.

What goes up is written once, but for key and id; what comes down is the service's answer with the gateway's fields.
"""

from collections.abc import Callable
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER, REQUEST_ID_HEADER
from scalelab.stack.api_gateway.direct_path.rendering import rendered_fields
from scalelab.stack.api_gateway.forwarded_headers import UPSTREAM_REQUEST_HEADERS, client_response_headers, raw
from scalelab.stack.api_gateway.freshness import strong_entity_tag
from scalelab.stack.api_gateway.response_cache import CACHE_NAME, PASSED_ON
from scalelab.stack.api_gateway.response_store import DEFAULT_CACHE_CONTROL
from scalelab.stack.upstream import UpstreamClient
from scalelab.stack.upstream.request_head import request_head

MAX_KNOWN_HEADS = 1024
_OK = 200
_PLACE = "scalelab-place"
_SAID = b"%b: BYPASS\r\n%b: %b\r\n" % (
    CACHE_HEADER.lower().encode(),
    CACHE_STATUS_HEADER.lower().encode(),
    f"{CACHE_NAME}; {PASSED_ON}".encode(),
)
_CACHE_CONTROL = b"%b: %b\r\n" % DEFAULT_CACHE_CONTROL


class KnownFields(NamedTuple):
    """What becomes of a service's fields that came before."""

    kept: bytes
    is_tagged: bool
    """Whether they have an entity tag of their own."""
    is_ruled: bool
    """Whether they have a Cache-Control of their own."""


class Passage:
    """One route's way to its service."""

    def __init__(self, upstream: UpstreamClient, path_of: Callable[[str], str]) -> None:
        """`path_of`: the service's path for a record key."""
        self.upstream = upstream
        head = request_head(
            "GET",
            path_of(_PLACE),
            upstream.host,
            [*UPSTREAM_REQUEST_HEADERS.items(), (REQUEST_ID_HEADER, _PLACE)],
            None,
        )
        self._before_key, self._before_id, self._end = head.split(_PLACE.encode())
        self._known: dict[tuple[tuple[str, str], ...], KnownFields | None] = {}

    def head_of(self, key: int, request_id: str) -> bytes:
        """What is sent."""
        return b"%b%d%b%b%b" % (self._before_key, key, self._before_id, request_id.encode(), self._end)

    def plain_head(self, fields: list[tuple[str, str]], body: bytes) -> bytes | None:
        """Status line and fields of a good answer; None where it is not so plain: the ordinary way must see it."""
        known = self._known_fields(tuple(fields))
        if known is None:
            return None
        return b"%bcontent-length: %d\r\n%b%b%b%b" % (
            STATUS_LINE[_OK],
            len(body),
            known.kept,
            b"" if known.is_tagged else b"etag: %b\r\n" % strong_entity_tag(body).encode(),
            b"" if known.is_ruled else _CACHE_CONTROL,
            _SAID,
        )

    def _known_fields(self, fields: tuple[tuple[str, str], ...]) -> KnownFields | None:
        """Services say the same again and again, but for the date."""
        try:
            return self._known[fields]
        except KeyError:
            pass
        if len(self._known) >= MAX_KNOWN_HEADS:
            self._known.clear()
        known = self._known[fields] = _known_fields(fields)
        return known


def _known_fields(fields: tuple[tuple[str, str], ...]) -> KnownFields | None:
    kept = raw(client_response_headers(fields))
    said = dict(reversed(kept))
    entity_tag = said.get(b"etag")
    if entity_tag is not None and not entity_tag.startswith(b'"'):
        return None
    try:
        return KnownFields(rendered_fields(kept), entity_tag is not None, b"cache-control" in said)
    except ValueError:
        return None
