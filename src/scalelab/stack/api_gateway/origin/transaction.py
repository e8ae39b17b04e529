"""One request through the cache of an origin: look, decide, ask the origin if need be, store, answer."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus

from scalelab.stack.api_gateway.cache_key import key_material
from scalelab.stack.api_gateway.flights import Flights
from scalelab.stack.api_gateway.origin.answers import Outgoing, from_origin, from_store, validated
from scalelab.stack.api_gateway.origin.asked import Asked
from scalelab.stack.api_gateway.origin.fetching import OriginFetcher
from scalelab.stack.api_gateway.origin.store import Found, OriginStore
from scalelab.stack.http_cache.conditions import CONDITIONAL_FIELDS, freshened, validating_fields
from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.freshness import ERROR_STATUSES
from scalelab.stack.http_cache.invalidating import invalidated_urls
from scalelab.stack.http_cache.reuse import Reuse, decide_reuse, may_serve_on_error
from scalelab.stack.http_cache.storing import may_store, stored_fields
from scalelab.stack.upstream import UpstreamFault
from scalelab.stack.upstream.time_left import for_all


class OriginCache:
    """The cache in front of one origin. Safe for concurrent use on one event loop."""

    def __init__(
        self,
        store: OriginStore,
        origin: OriginFetcher,
        *,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._origin = origin
        self._clock_s = clock_s
        self._flights: Flights[Response | UpstreamFault] = Flights()
        self._refreshes: set[asyncio.Task[object]] = set()

    async def answer(self, asked: Asked) -> Outgoing | UpstreamFault:
        """The answer to a GET or HEAD, or why the origin gave none and nothing stored may stand in."""
        if "no-store" in asked.request.directives:
            return self._fresh(asked, await self._fetch(asked, asked.request.fields), "fwd=request", "BYPASS")
        found = await self._store.find(asked)
        if found.response is None:
            return await self._on_miss(asked, found)
        reuse = decide_reuse(asked.request, found.response, self._clock_s())
        if reuse.verdict == "validate":
            return await self._validate(asked, found, found.response, reuse)
        if reuse.verdict == "stale-while-revalidate":
            self._refresh_soon(asked, found, found.response)
        outcome = "HIT" if reuse.verdict == "fresh" else "STALE"
        return from_store(asked.request, found.response, reuse.age_s, f"hit; ttl={int(reuse.ttl_s)}", outcome)

    async def note_write(self, asked: Asked, response: Response) -> None:
        """What a request of another method has made old is given no more, once this returns."""
        for url in invalidated_urls(asked.request.method, f"http://{asked.host}{asked.url}", response):
            await self._store.drop(asked.host, url)

    async def aclose(self) -> None:
        """End what is still under way."""
        await self._flights.aclose()
        for task in tuple(self._refreshes):
            task.cancel()
        await asyncio.gather(*self._refreshes, return_exceptions=True)

    async def _on_miss(self, asked: Asked, found: Found) -> Outgoing | UpstreamFault:
        if "only-if-cached" in asked.request.directives:
            fields = Fields([("cache-status", "scalelab; fwd=request; fwd-status=504"), ("x-cache", "MISS")])
            return Outgoing(HTTPStatus.GATEWAY_TIMEOUT, fields, b"")
        if asked.request.method == "HEAD" or any(
            name in asked.request.fields for name in CONDITIONAL_FIELDS | {"range"}
        ):
            return self._fresh(asked, await self._fetch(asked, asked.request.fields), "fwd=uri-miss", "MISS")
        return await self._fetch_and_keep(asked, found.fence, "fwd=uri-miss")

    async def _fetch_and_keep(self, asked: Asked, fence: int | None, reason: str) -> Outgoing | UpstreamFault:
        async def fetch() -> Response | UpstreamFault:
            response = await self._fetch(asked, asked.request.fields)
            await self._keep(asked, response, fence)
            return response

        response, is_joined = await self._flights.join(_flight_key(asked), for_all(fetch))
        if is_joined and not self._is_shareable(asked.request, response):
            response, is_joined = await fetch(), False
        said = f"{reason}; collapsed" if is_joined else reason
        return self._fresh(asked, response, said, "COALESCED" if is_joined else "MISS")

    async def _validate(self, asked: Asked, found: Found, stored: Response, reuse: Reuse) -> Outgoing | UpstreamFault:
        reason = f"fwd={reuse.forward_reason}"
        response = await self._revalidated(asked, stored, found.fence)
        if isinstance(response, UpstreamFault) or response.status in ERROR_STATUSES:
            if may_serve_on_error(asked.request, stored, self._clock_s()):
                return from_store(asked.request, stored, reuse.age_s, f"hit; ttl={int(reuse.ttl_s)}", "STALE")
            return self._fresh(asked, response, reason, "MISS")
        return validated(asked.request, response, f"{reason}; stored", "MISS")

    async def _revalidated(self, asked: Asked, stored: Response, fence: int | None) -> Response | UpstreamFault:
        """The origin's word on a stored response: the same freshened, or a new one; kept where allowed."""
        conditions = validating_fields(stored)
        plain = asked.request.fields.without(CONDITIONAL_FIELDS | {"range"})
        answer = await self._fetch(asked, Fields([*plain, *conditions]), method="GET")
        if isinstance(answer, UpstreamFault):
            return answer
        if answer.status == HTTPStatus.NOT_MODIFIED and conditions != Fields():
            answer = freshened(stored, answer)
        if answer.status not in ERROR_STATUSES:  # a good entry is not replaced by an error
            await self._keep(asked, answer, fence)
        return answer

    def _refresh_soon(self, asked: Asked, found: Found, stored: Response) -> None:
        key = b"refresh" + _flight_key(asked)
        if self._flights.is_flying(key):
            return

        @for_all
        async def refresh() -> Response | UpstreamFault:
            return await self._revalidated(asked, stored, found.fence)

        task: asyncio.Task[object] = asyncio.ensure_future(self._flights.join(key, refresh))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)

    async def _fetch(self, asked: Asked, fields: Fields, *, method: str | None = None) -> Response | UpstreamFault:
        return await self._origin.fetch(method or asked.request.method, asked.url, fields)

    async def _keep(self, asked: Asked, response: Response | UpstreamFault, fence: int | None) -> None:
        if fence is None or not self._may_store(asked.request, response):
            return
        assert isinstance(response, Response)
        kept = response.with_fields(stored_fields(response))
        await self._store.keep(asked, kept, fence)

    def _may_store(self, request: Request, response: Response | UpstreamFault) -> bool:
        return isinstance(response, Response) and may_store(request, response)

    def _is_shareable(self, request: Request, response: Response | UpstreamFault) -> bool:
        """Whether an answer that was fetched for another client may be given to this one."""
        if isinstance(response, UpstreamFault):
            return True
        return self._may_store(request, response) and "vary" not in response.fields

    def _fresh(
        self, asked: Asked, response: Response | UpstreamFault, reason: str, outcome: str
    ) -> Outgoing | UpstreamFault:
        if isinstance(response, UpstreamFault):
            return response
        return from_origin(asked.request, response, f"{reason}; fwd-status={response.status}", outcome)


def _flight_key(asked: Asked) -> bytes:
    return key_material(asked.host.encode(), asked.url.encode(), asked.partition)
