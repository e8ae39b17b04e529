"""`@cached`: look in the cache, else ask the handler and keep what it says. A fault of the cache is a miss.

Never stands above `@requires_token`, so nothing is answered before the client is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from time import time
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.cache_key import cache_key
from scalelab.stack.api_gateway.cached_answer import CachedAnswer, decode, encode
from scalelab.stack.api_gateway.forwarded_headers import raw
from scalelab.stack.api_gateway.freshness import (
    is_known_to_client,
    lookup_wish,
    storable_s,
    strong_entity_tag,
)
from scalelab.stack.api_gateway.gateway_metrics import CacheMetrics
from scalelab.stack.cache import Cache, FaultKind

Sharing = Literal["public", "per_subject"]
"""Whether all subjects share an entry or each has one of its own."""

CACHE_NAME = "scalelab"
MAX_BODY_BYTES = 1024 * 1024
_DEFAULT_CACHE_CONTROL = "private, no-cache"
"""A client may keep the answer but asks again each time: only so does it see a write at once."""
_ANSWERED_FROM_CACHE = ("GET", "HEAD")
_HEADERS_OF_NOT_MODIFIED = ("age", "cache-control", "etag", "expires", "vary")


@dataclass(frozen=True)
class Finding:
    """What a look into the cache gave."""

    answer: CachedAnswer | None
    fence: int | None
    fault: FaultKind | None


class ResponseCache:
    """Whole answers in a cache engine."""

    def __init__(self, cache: Cache, metrics: CacheMetrics, *, clock_s: Callable[[], float] = time) -> None:
        self._cache = cache
        self._clock_s = clock_s
        self.metrics = metrics

    async def find(self, key: bytes, tag: str) -> Finding:
        """The stored answer, if there is a whole one."""
        lookup = await self._cache.get(key, tag)
        if lookup.value is None:
            return Finding(None, lookup.fence, lookup.fault)
        answer = decode(lookup.value, key)
        if answer is None:
            self.metrics.fault("torn")
            return Finding(None, lookup.fence, "torn")
        return Finding(answer, lookup.fence, None)

    async def keep(self, key: bytes, tag: str, response: Response, ttl_s: float, fence: int) -> bool:
        """Store a complete answer for `ttl_s`; False when it was not stored."""
        body = bytes(response.body)
        if len(body) > MAX_BODY_BYTES:
            return False
        headers = tuple(pair for pair in response.headers.items() if pair[0] != "content-length")
        entry = encode(CachedAnswer(self._clock_s(), ttl_s, headers, body), key)
        return await self._cache.put(key, entry, ttl_s=ttl_s, tag=tag, fence=fence)

    def age_s(self, answer: CachedAnswer) -> int:
        """Whole seconds since the answer was stored."""
        return max(0, int(self._clock_s() - answer.stored_at_s))


def cached(
    *, ttl_s: float, tag: Callable[[Request], str], sharing: Sharing = "per_subject"
) -> Callable[[Handler], Handler]:
    """Keeps the handler's answers.

    Args:
        ttl_s: longest time to live.
        tag: what the answer is made from; invalidating the tag drops it.
        sharing: "public" only where the answer is the same for everybody who is let in.

    Raises:
        TypeError: at import, when it stands above `@requires_token`.
    """

    def decorate(handler: Handler) -> Handler:
        if getattr(handler, "requires_token", False):
            raise TypeError("@cached stands above @requires_token: it would answer before the client is known")

        @wraps(handler)
        async def answer(request: Request) -> Response:
            wish = lookup_wish(request.headers.getlist("cache-control"))
            if wish == "ignore" or request.method not in _ANSWERED_FROM_CACHE:
                return _finished(request, await handler(request), "BYPASS", "fwd=request")
            responses: ResponseCache = request.state.response_cache
            key, tag_name = _key_of(request, sharing), tag(request)
            found = await responses.find(key, tag_name)
            if wish == "use" and found.answer is not None:
                responses.metrics.hit(request)
                return _from_cache(request, found.answer, responses.age_s(found.answer))
            if wish == "use":
                responses.metrics.miss(request)
            response = await handler(request)
            keep_s = storable_s(response.status_code, response.headers.items(), ttl_s)
            _with_validators(response)
            is_stored = (
                keep_s > 0
                and found.fence is not None
                and await responses.keep(key, tag_name, response, keep_s, found.fence)
            )
            verdict = _forwarded_because(wish == "use", found.fault) + ("; stored" if is_stored else "")
            return _finished(request, response, "MISS" if wish == "use" else "BYPASS", verdict)

        return answer

    return decorate


def _key_of(request: Request, sharing: Sharing) -> bytes:
    return cache_key(
        method="GET",  # a HEAD is answered from the entry of its GET
        host=request.headers.get("host", "").lower(),
        path=request.scope["path"],
        query=request.scope["query_string"],
        scope=sharing,
        subject="" if sharing == "public" else request.state.subject,
    )


def _from_cache(request: Request, answer: CachedAnswer, age_s: int) -> Response:
    response = Response(answer.body)
    response.raw_headers.extend(raw(answer.headers))
    response.raw_headers.extend(raw({"Age": str(age_s)}))
    return _finished(request, response, "HIT", f"hit; ttl={int(answer.ttl_s) - age_s}")


def _forwarded_because(is_looked_up: bool, fault: FaultKind | None) -> str:  # noqa: FBT001  a private line
    reason = "uri-miss" if fault is None else f"miss; detail=cache-{fault}"
    return f"fwd={reason}" if is_looked_up else "fwd=request"


def _with_validators(response: Response) -> None:
    """A complete answer gets the headers that let a client keep it and ask again."""
    if response.status_code == HTTPStatus.OK:
        if not response.headers.get("etag", "").startswith('"'):
            response.headers["etag"] = strong_entity_tag(bytes(response.body))
        response.headers.setdefault("cache-control", _DEFAULT_CACHE_CONTROL)


def _finished(request: Request, response: Response, outcome: str, verdict: str) -> Response:
    """The answer as it leaves: 304 where the client knows it, and what the cache had to do with it."""
    _with_validators(response)
    known = request.headers.getlist("if-none-match")
    is_complete = response.status_code == HTTPStatus.OK
    if known and is_complete and is_known_to_client(known, response.headers["etag"]):
        kept = [pair for pair in response.headers.items() if pair[0] in _HEADERS_OF_NOT_MODIFIED]
        response = Response(status_code=HTTPStatus.NOT_MODIFIED)
        response.raw_headers.extend(raw(kept))
    response.headers[CACHE_HEADER] = outcome
    response.headers[CACHE_STATUS_HEADER] = f"{CACHE_NAME}; {verdict}"
    return response
