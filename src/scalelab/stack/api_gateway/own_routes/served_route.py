"""One route at work: who may ask, within which limit, then from the cache or passed through in both directions."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from scalelab.contracts.routes import READING_METHODS, Route, Upstream
from scalelab.stack.api_gateway.around_handlers import AroundHandlers
from scalelab.stack.api_gateway.authentication import requires_token
from scalelab.stack.api_gateway.forwarding import as_response
from scalelab.stack.api_gateway.origin.answers import from_origin
from scalelab.stack.api_gateway.origin.asked import Asked
from scalelab.stack.api_gateway.origin.fetching import OriginFetcher
from scalelab.stack.api_gateway.origin.store import OriginStore
from scalelab.stack.api_gateway.origin.transaction import OriginCache
from scalelab.stack.api_gateway.own_routes.compressed_pieces import compressed_answer
from scalelab.stack.api_gateway.own_routes.messages import (
    body_of,
    caller_of,
    fields_of,
    host_of,
    raw_path_of,
    raw_query_of,
    whole_answer,
)
from scalelab.stack.api_gateway.own_routes.passed_answer import PassedAnswer
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteMetrics
from scalelab.stack.api_gateway.own_routes.route_upstream import RouteUpstream, StreamingClient, connected
from scalelab.stack.api_gateway.own_routes.shaping import (
    kept_fields,
    partition,
    passed_fields,
    said_to_the_cache_alone,
    wanted_url,
)
from scalelab.stack.api_gateway.priority_classes import current_priority
from scalelab.stack.api_gateway.rate_limit import RateLimiter
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.cache import Cache
from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.resilience import Retries
from scalelab.stack.service_kit.client_gone import CLIENT_CLOSED_REQUEST, answer_unless_gone
from scalelab.stack.upstream import StreamedAnswer, UpstreamFault


@dataclass(frozen=True)
class RouteParts:
    """What routes get from the gateway that they belong to."""

    cache: Cache
    retries_of: Callable[[Route], Retries]
    limiter_of: Callable[[Route], RateLimiter | None]
    client_of: Callable[[HttpRequest], str]
    """Address of the client, as far as trusted peers name it."""
    around: AroundHandlers
    metrics: RouteMetrics
    connect: Callable[[Upstream, float], StreamingClient] = connected
    """With a timeout in seconds."""


class ServedRoute:
    """A route of one gateway. It is closed when it is retired and its last request is answered."""

    def __init__(self, route: Route, upstream: Upstream, parts: RouteParts) -> None:
        """Needs a running event loop; connects to nothing yet."""
        self.route = route
        self.upstream = upstream
        self._client_of = parts.client_of
        self._compression = parts.around.compression
        self._client = parts.connect(upstream, route.timeout_s)
        self._counts = parts.metrics.of(route.path)
        slots = self._counts.slots = UpstreamSlots(route.slots, route.timeout_s, class_of=current_priority)
        self._service = RouteUpstream(self._client, slots, parts.retries_of(route), self._counts)
        fetcher = OriginFetcher(
            self._service, default_lifetime_s=route.ttl_s or None, withheld=said_to_the_cache_alone(route)
        )
        self._cache = OriginCache(OriginStore(parts.cache, upstream.url), fetcher)
        self._in_use = 0
        limiter = parts.limiter_of(route)
        handler = parts.around(self._answer if limiter is None else limiter(self._answer), route.deadline_s)
        self._handler = requires_token(scope=route.scope)(handler) if route.protection == "token" else handler

    def __repr__(self) -> str:
        return f"<route {self.route.path} to {self.upstream.url}, {self._in_use} requests under way>"

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        return not self._in_use

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For the length of one request."""
        self._in_use += 1
        try:
            yield
        finally:
            self._in_use -= 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for this route's path and methods."""
        request = HttpRequest(scope, receive, send)
        response = await self._handler(request)
        self._counts.outcomes[_outcome_of(response)] += 1
        if self._compression is not None:
            response = await compressed_answer(self._compression, request, response)
        await response(scope, receive, send)

    async def aclose(self) -> None:
        """Break off what is still under way."""
        await self._cache.aclose()
        await self._client.aclose()

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if self.route.keeps_answers and request.method in READING_METHODS:
            return await answer_unless_gone(request, self._kept(request))
        body, body_bytes = body_of(request)
        if body is None:
            return await answer_unless_gone(request, self._passed(request))
        try:
            return await self._passed(request, body, body_bytes)
        except ClientDisconnect:
            return HttpResponse(status_code=CLIENT_CLOSED_REQUEST)

    async def _kept(self, request: HttpRequest) -> HttpResponse:
        fields, caller = fields_of(request), caller_of(request)
        asked = Asked(
            host=host_of(request),
            url=self._url_of(request),
            request=Request(request.method, kept_fields(self.route, fields, caller)),
            partition=partition(self.route, fields, caller),
        )
        outgoing = await self._cache.answer(asked)
        if not isinstance(outgoing, UpstreamFault):
            return whole_answer(request, outgoing)
        return await self._passed(request) if outgoing.kind == "too_large" else as_response(request, outgoing)

    async def _passed(
        self, request: HttpRequest, body: AsyncIterator[bytes] | None = None, body_bytes: int | None = None
    ) -> HttpResponse:
        fields, host, url = fields_of(request), host_of(request), self._url_of(request)
        sent = passed_fields(self.route, fields, caller_of(request), host=host, client=self._client_of(request))
        answer = await self._service.stream(request.method, url, headers=sent, body=body, body_bytes=body_bytes)
        if isinstance(answer, UpstreamFault):
            return as_response(request, answer)
        try:
            return await self._passing(Asked(host, url, Request(request.method, fields)), answer)
        except BaseException:
            await answer.body.aclose()
            raise

    async def _passing(self, asked: Asked, answer: StreamedAnswer) -> HttpResponse:
        now_s = time.time()
        head = Response(answer.status, Fields(answer.headers), b"", now_s, now_s)
        await self._cache.note_write(asked, head)
        reason = "fwd=method" if asked.request.method not in READING_METHODS else "fwd=bypass"
        return PassedAnswer(answer.status, from_origin(asked.request, head, reason, "BYPASS").fields, answer.body)

    def _url_of(self, request: HttpRequest) -> str:
        return wanted_url(self.route, raw_path_of(request), raw_query_of(request))


def _outcome_of(response: HttpResponse) -> str:
    """What the cache had to do with it; `none` where it was not asked."""
    return next((str(value, "latin-1") for name, value in response.raw_headers if name == b"x-cache"), "none")
