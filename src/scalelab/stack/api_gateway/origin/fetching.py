"""Asks the origin for the cache: sends end-to-end fields only, names this cache's capability, notes the times.

An answer is held whole, up to a bound; one beyond it is a fault of its own, so that it can be passed on instead.
"""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Protocol

from scalelab.stack.http_cache.exchange import TARGET_NAME, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.upstream import StreamedAnswer, UpstreamFault
from scalelab.stack.upstream.values import BrokenBodyError

UNKEYED_FIELDS = frozenset(
    {
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-scheme",
        "x-host",
        "x-http-method-override",
        "x-original-url",
        "x-rewrite-url",
    }
)
"""An origin may change its answer by these though they are in no key: a client could poison the cache with them."""
FRAMING_FIELDS = frozenset({"host", "content-length", "expect"})
"""The upstream client says these itself."""
MAX_HELD_BYTES = 16 * 1024 * 1024
_LAST_STATUS = 599
"""RFC 9110 section 15: anything beyond is no status code."""
_KEPT_BY_DEFAULT = frozenset({200, 203, 204, 300, 301, 308})
"""Statuses to which a default lifetime applies: what is there, or has moved for good. An error is none to keep."""


class Streams(Protocol):
    """As `UpstreamClient` does."""

    async def stream(
        self, method: str, path_and_query: str, *, headers: Iterable[tuple[str, str]] = ()
    ) -> StreamedAnswer | UpstreamFault:
        """One request without a body, and its answer piece by piece."""
        ...


class OriginFetcher:
    """One origin."""

    def __init__(
        self,
        origin: Streams,
        *,
        default_lifetime_s: float | None = None,
        withheld: frozenset[str] = frozenset(),
        max_held_bytes: int = MAX_HELD_BYTES,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        """Asks nothing yet.

        Args:
            origin: what is asked.
            default_lifetime_s: seconds for which a good answer is fresh that does not say so.
            withheld: request fields that are said to the cache alone.
            max_held_bytes: largest body of an answer.
            clock_s: Unix time.
        """
        self._origin = origin
        self._default_lifetime_s = default_lifetime_s
        self._withheld = UNKEYED_FIELDS | FRAMING_FIELDS | withheld
        self._max_held_bytes = max_held_bytes
        self._clock_s = clock_s

    async def fetch(self, method: str, url: str, fields: Fields) -> Response | UpstreamFault:
        """One request to the origin.

        Args:
            method: GET or HEAD.
            url: path and query, already encoded.
            fields: as the client sent them, or with conditions of ours.
        """
        sent = fields.end_to_end().without(self._withheld)
        capable = sent.with_field("surrogate-capability", f'{TARGET_NAME}="Surrogate/1.0"')
        started_s = self._clock_s()
        answer = await self._origin.stream(method, url, headers=capable)
        if isinstance(answer, UpstreamFault):
            return answer
        arrived_s = self._clock_s()
        try:
            body = await self._held(method, answer)
        finally:
            await answer.body.aclose()
        if isinstance(body, UpstreamFault):
            return body
        default_lifetime_s = self._default_lifetime_s if answer.status in _KEPT_BY_DEFAULT else None
        return Response(answer.status, Fields(answer.headers), body, started_s, arrived_s, default_lifetime_s)

    async def _held(self, method: str, answer: StreamedAnswer) -> bytes | UpstreamFault:
        if answer.status > _LAST_STATUS:
            return UpstreamFault("broken", f"status {answer.status} is none")
        too_large = UpstreamFault("too_large", f"the answer is larger than {self._max_held_bytes} bytes")
        announced = Fields(answer.headers).only("content-length") or ""
        has_body = method != "HEAD" and answer.status != HTTPStatus.NOT_MODIFIED
        if has_body and announced.isdecimal() and int(announced) > self._max_held_bytes:
            return too_large
        pieces, size_bytes = [], 0
        try:
            async for piece in answer.body:
                pieces.append(piece)
                size_bytes += len(piece)
                if size_bytes > self._max_held_bytes:
                    return too_large
        except BrokenBodyError as error:
            return UpstreamFault("broken", str(error))
        return b"".join(pieces)
