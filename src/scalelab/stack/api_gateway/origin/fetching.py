"""Asks the origin: sends end-to-end fields only, names this cache's capability, and notes the times."""

import time
from collections.abc import Callable

from scalelab.stack.http_cache.exchange import TARGET_NAME, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.upstream import UpstreamAnswer, UpstreamClient, UpstreamFault

_UNKEYED_FIELDS = frozenset(
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


_LAST_STATUS = 599
"""RFC 9110 section 15: anything beyond is no status code."""


class OriginFetcher:
    """One origin behind an upstream client."""

    def __init__(self, client: UpstreamClient, *, clock_s: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock_s = clock_s

    async def fetch(self, method: str, url: str, fields: Fields, body: bytes | None) -> Response | UpstreamFault:
        """One request to the origin.

        Args:
            method: HTTP method.
            url: path and query, already encoded.
            fields: as the client sent them, or with conditions of ours.
            body: the whole request body, if any.
        """
        sent = fields.end_to_end().without(_UNKEYED_FIELDS | {"host", "content-length", "expect"})
        capable = sent.with_field("surrogate-capability", f'{TARGET_NAME}="Surrogate/1.0"')
        started_s = self._clock_s()
        answer = await self._client.request(method, url, headers=capable, body=body)
        if not isinstance(answer, UpstreamAnswer):
            return answer
        if answer.status > _LAST_STATUS:
            return UpstreamFault("broken", f"status {answer.status} is none")
        return Response(answer.status, Fields(answer.headers), answer.body, started_s, self._clock_s())
