"""Traces of a gateway by OpenTelemetry: a span for each request, and one inside it for each question to a service.

Imported only where they are asked for: the libraries are an extra. Never has a request wait for an export.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scalelab import __version__
from scalelab.contracts.http_names import CACHE_HEADER, HEALTH_PATH, LIVE_PATH, READY_PATH
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.own_routes.route_upstream import StreamingClient
from scalelab.stack.resilience import Asks
from scalelab.stack.upstream import StreamedAnswer, UpstreamAnswer, UpstreamFault

EXPORT_LIMIT_S = 3.0
EXPORT_EVERY_S = 1.0
TRACE_FIELDS = frozenset({"traceparent", "tracestate"})
"""Of W3C Trace Context."""
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = frozenset({HEALTH_PATH, LIVE_PATH, READY_PATH})
"""Balancers and supervisors ask for these several times a second."""
_SERVER_FAULT = 500
_CACHE = CACHE_HEADER.lower().encode()


class Traces:
    """Of one gateway. Names of attributes are those of OpenTelemetry's HTTP conventions; no query, token or body."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("scalelab", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def exported(cls, settings: GatewaySettings) -> "Traces":
        """Sent in batches to the endpoint of the settings. What it does not take is dropped in the end."""
        resource = Resource.create(
            {
                "service.namespace": "scalelab",
                "service.name": "api_gateway",
                "service.instance.id": settings.instance,
                "service.version": __version__,
            }
        )
        sampler = ParentBased(TraceIdRatioBased(settings.traces_sample_ratio))
        provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=settings.traces_endpoint, timeout=EXPORT_LIMIT_S)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000 * EXPORT_EVERY_S))
        return cls(provider)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """When the context closes, what has not been sent is sent, in bounded time."""
        try:
            yield
        finally:
            await asyncio.to_thread(self._provider.shutdown)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application with a span for each of its requests; it goes on with its caller's trace."""
        return _TracedApp(app, self)

    def asks(self, inner: Asks, service: str) -> Asks:
        """The service with a span for each attempt, of which it is told."""
        return _TracedAsks(inner, self, service)

    def streams(self, inner: StreamingClient, service: str) -> StreamingClient:
        """Likewise; the span ends when the answer begins."""
        return _TracedStreams(inner, self, service)

    @contextmanager
    def answering(self, scope: Scope) -> Iterator[Span]:
        """The span of one request."""
        caller = {
            field: str(value, "latin-1")
            for name, value in scope["headers"]
            if (field := str(name, "latin-1")) in TRACE_FIELDS
        }
        method = _method(scope)
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(caller),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "url.path": scope["path"], "url.scheme": scope["scheme"]},
        ) as span:
            yield span

    @contextmanager
    def asking(self, method: str, service: str) -> Iterator[tuple[Span, dict[str, str]]]:
        """The span of one question, and the fields that tell the service of it."""
        attributes = {"http.request.method": method, "peer.service": service}
        with self._tracer.start_as_current_span(
            f"{method} {service}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            fields: dict[str, str] = {}
            self._propagator.inject(fields)
            yield span, fields


class _TracedApp:
    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        with self._traces.answering(scope) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note_status(span, message["status"])
                    _note_fields(span, message.get("headers", ()))
                await send(message)

            try:
                await self._app(scope, receive, send_noted)
            finally:
                _note_request(span, scope)


class _TracedAsks:
    def __init__(self, inner: Asks, traces: Traces, service: str) -> None:
        self._inner = inner
        self._traces = traces
        self._service = service

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        with self._traces.asking(method, self._service) as (span, fields):
            outcome = await self._inner.request(
                method, path_and_query, headers={**_others(headers or {}), **fields}, body=body
            )
            _note_outcome(span, outcome)
            return outcome


class _TracedStreams:
    def __init__(self, inner: StreamingClient, traces: Traces, service: str) -> None:
        self._inner = inner
        self._traces = traces
        self._service = service

    async def stream(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: AsyncIterator[bytes] | None = None,
        body_bytes: int | None = None,
    ) -> StreamedAnswer | UpstreamFault:
        with self._traces.asking(method, self._service) as (span, fields):
            kept = (pair for pair in headers if pair[0].lower() not in TRACE_FIELDS)
            sent = (*kept, *fields.items())
            outcome = await self._inner.stream(method, path_and_query, headers=sent, body=body, body_bytes=body_bytes)
            _note_outcome(span, outcome)
            return outcome

    async def aclose(self) -> None:
        await self._inner.aclose()


def _others(headers: Mapping[str, str]) -> dict[str, str]:
    """The service hears of our span, not of our caller's."""
    return {name: value for name, value in headers.items() if name.lower() not in TRACE_FIELDS}


def _method(scope: Scope) -> str:
    """Any token is a method: names of spans stay few."""
    return str(scope["method"]) if scope["method"] in _KNOWN_METHODS else "_OTHER"


def _note_request(span: Span, scope: Scope) -> None:
    """What is known only when it was answered: its route and its id."""
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.set_attribute("http.route", route)
        span.update_name(f"{_method(scope)} {route}")
    if "request_id" in scope:
        span.set_attribute("scalelab.request_id", scope["request_id"])


def _note_fields(span: Span, headers: Iterable[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if name.lower() == _CACHE:
            span.set_attribute("scalelab.cache", str(value, "latin-1"))


def _note_outcome(span: Span, outcome: UpstreamAnswer | StreamedAnswer | UpstreamFault) -> None:
    if isinstance(outcome, UpstreamFault):
        span.set_attribute("error.type", outcome.kind)
        span.set_status(StatusCode.ERROR, outcome.detail)
    else:
        _note_status(span, outcome.status)


def _note_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= _SERVER_FAULT:
        span.set_attribute("error.type", str(status))
        span.set_status(StatusCode.ERROR)
