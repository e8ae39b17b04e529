"""`@cached`: look in the cache, else have the entry filled. A fault of the cache is a miss.

Never stands above `@requires_token`, so nothing is answered before the client is known.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.cache_key import cache_key
from scalelab.stack.api_gateway.cached_answer import CachedAnswer
from scalelab.stack.api_gateway.compressing import Compression
from scalelab.stack.api_gateway.content_coding import CODING
from scalelab.stack.api_gateway.filling import Filled, Filling, readdressed
from scalelab.stack.api_gateway.forwarded_headers import raw
from scalelab.stack.api_gateway.freshness import is_known_to_client, lookup_wish
from scalelab.stack.api_gateway.hot_path.offers import HotOffers
from scalelab.stack.api_gateway.response_store import (
    MAX_BODY_BYTES,
    Finding,
    Place,
    ResponseStore,
    with_validators,
)
from scalelab.stack.cache import FaultKind
from scalelab.stack.http_cache.freshness import ERROR_STATUSES
from scalelab.stack.service_kit.client_gone import answer_unless_gone

__all__ = ["MAX_BODY_BYTES", "ResponseCache", "Sharing", "cached"]

Sharing = Literal["public", "per_subject"]
"""Whether all subjects share an entry or each has one of its own."""

CACHE_NAME = "scalelab"
PASSED_ON = "fwd=bypass"
"""What Cache-Status says of a route that keeps nothing."""
_CACHE_NAME, _CACHE_STATUS_NAME = CACHE_HEADER.lower().encode(), CACHE_STATUS_HEADER.lower().encode()
_ANSWERED_FROM_CACHE = ("GET", "HEAD")
_HEADERS_OF_NOT_MODIFIED = ("age", "cache-control", "etag", "expires", "vary")


class ResponseCache:
    """What `@cached` works with: the store, who fills it, and the table of the hit path, if there is one."""

    def __init__(
        self,
        store: ResponseStore,
        hot: HotOffers | None = None,
        *,
        coalesces: bool = True,
        compression: Compression | None = None,
    ) -> None:
        self.store = store
        self.filling = Filling(store, coalesces=coalesces)
        self.hot = hot
        self.compression = compression
        """For what goes into the table of the hit path; the entries of the store are as they came."""


def cached(
    *, ttl_s: float, tag: Callable[[Request], str], sharing: Sharing = "per_subject"
) -> Callable[[Handler], Handler]:
    """Keeps the handler's answers.

    Args:
        ttl_s: longest time to live; 0 = the route has no cache.
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
            if ttl_s <= 0:  # nothing is kept on this route, so nobody looks
                return passed_on(request, await handler(request))
            responses: ResponseCache = request.state.response_cache
            place = Place(_key_of(request, sharing), tag(request), ttl_s)
            if wish == "refresh":
                return await _refreshed(request, handler, responses.store, place)
            finding = await responses.store.find(place, claims=responses.filling.coalesces)
            if finding.answer is not None:
                responses.store.metrics.hit(request)
                return _from_cache(request, responses, place, finding)
            responses.store.metrics.miss(request)
            return await answer_unless_gone(request, _filled(request, handler, responses, place, finding))

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


async def _refreshed(request: Request, handler: Handler, store: ResponseStore, place: Place) -> Response:
    finding = await store.find(place)
    response = await handler(request)
    is_stored = await store.keep(place, response, finding.fence)
    return _finished(request, response, "BYPASS", "fwd=request; stored" if is_stored else "fwd=request")


async def _filled(
    request: Request, handler: Handler, responses: ResponseCache, place: Place, finding: Finding
) -> Response:
    filled, is_collapsed = await responses.filling.join(request, handler, place, finding)
    if filled.status in ERROR_STATUSES:
        stand_in = await responses.store.find_stand_in(place)
        if stand_in is not None:
            return _aged(request, responses.store, stand_in, _as_stored(stand_in), "STALE")
    if is_collapsed:
        response = readdressed(filled, request).response()
        return _finished(request, response, "COALESCED", "fwd=uri-miss; collapsed")
    return _finished(request, filled.response(), "MISS", _forwarded_because(filled))


def _from_cache(request: Request, responses: ResponseCache, place: Place, finding: Finding) -> Response:
    answer = finding.answer
    assert answer is not None
    response = _aged(request, responses.store, answer, _as_stored(answer), "HIT")
    if responses.hot is None or response.status_code != HTTPStatus.OK or request.method != "GET":
        return response
    compression = responses.compression
    if compression is not None:
        if compression.may_wait(request, response):
            return response  # too long to be compressed here
        response = compression.compressed_now(request, response)
    responses.hot.offer(
        request,
        response,
        place,
        stored_at_s=answer.stored_at_s,
        ttl_s=answer.ttl_s,
        remaining_s=finding.remaining_s,
        variant=CODING.encode() if "content-encoding" in response.headers else b"",
    )
    return response


def _as_stored(answer: CachedAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers.extend(raw(answer.headers))
    return response


def _aged(request: Request, store: ResponseStore, answer: CachedAnswer, response: Response, outcome: str) -> Response:
    """A stored answer as it leaves: how old it is, and how long it is still fresh; less than 0 when it is not."""
    age_s = store.age_s(answer)
    response.raw_headers.extend(raw({"Age": str(age_s)}))
    return _finished(request, response, outcome, f"hit; ttl={int(answer.ttl_s) - age_s}")


def _forwarded_because(filled: Filled) -> str:
    fault: FaultKind | None = filled.finding.fault
    reason = "uri-miss" if fault is None else f"miss; detail=cache-{fault}"
    return f"fwd={reason}; stored" if filled.is_stored else f"fwd={reason}"


def passed_on(request: Request, response: Response) -> Response:
    """An answer of a route that keeps nothing (`cache_ttl_s = 0`), as it leaves."""
    return _finished(request, response, "BYPASS", PASSED_ON)


def _finished(request: Request, response: Response, outcome: str, verdict: str) -> Response:
    """The answer as it leaves: 304 where the client knows it, and what the cache had to do with it."""
    with_validators(response)
    known = request.headers.getlist("if-none-match")
    is_complete = response.status_code == HTTPStatus.OK
    if known and is_complete and is_known_to_client(known, response.headers["etag"]):
        kept = [pair for pair in response.headers.items() if pair[0] in _HEADERS_OF_NOT_MODIFIED]
        response = Response(status_code=HTTPStatus.NOT_MODIFIED)
        response.raw_headers.extend(raw(kept))
    said = ((_CACHE_NAME, outcome.encode()), (_CACHE_STATUS_NAME, f"{CACHE_NAME}; {verdict}".encode()))
    response.raw_headers.extend(said)  # no service's word on it is passed on, so they stand once
    return response
