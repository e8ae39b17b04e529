"""The outermost layer of every service: request id, metrics and the access line. Pure ASGI, no buffering."""

import re
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.http_cache.http_dates import format_http_date
from scalelab.stack.service_kit.logs import is_sampled, write_access_line
from scalelab.stack.service_kit.metrics import ServiceMetrics

_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_SERVER_FAULT = 500
_CLIENT_CLOSED_REQUEST = 499


class RequestContext:
    """Gives each request an id (the caller's, if it is a harmless token), counts it, times it, logs it."""

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics, access_sample_ratio: float) -> None:
        self._app = app
        self._records = RequestRecords(metrics, access_sample_ratio)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = _CLIENT_CLOSED_REQUEST

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": _completed(message.get("headers", ()), request_id)}
            await send(message)

        started_s = time.perf_counter()
        self._records.begin()
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._records.end(scope, status, time.perf_counter() - started_s)


class RequestRecords:
    """Metrics and access lines of the requests of one service."""

    def __init__(self, metrics: ServiceMetrics, access_sample_ratio: float) -> None:
        self._metrics = metrics
        self._access_sample_ratio = access_sample_ratio
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}

    def begin(self) -> None:
        """A request has come."""
        self._metrics.in_flight.inc()

    def end(self, scope: Scope, status: int, duration_s: float) -> None:
        """It was answered, or its client has gone."""
        self._metrics.in_flight.dec()
        route = scope.get("route")
        label = getattr(route, "path", "unmatched")
        method = scope["method"] if route is not None else "any"
        self._counter(label, method, status).inc()
        self._duration(label).observe(duration_s)
        if status >= _SERVER_FAULT or is_sampled(scope["request_id"], self._access_sample_ratio):
            write_access_line(scope["method"], scope["path"], status, duration_s, scope["request_id"])

    def _counter(self, label: str, method: str, status: int) -> Counter:
        """Looked up by its labels once: routes, their methods and statuses are few."""
        found = self._counters.get((label, method, status))
        if found is None:
            found = self._counters[label, method, status] = self._metrics.requests.labels(label, method, str(status))
        return found

    def _duration(self, label: str) -> Histogram:
        found = self._durations.get(label)
        if found is None:
            found = self._durations[label] = self._metrics.duration.labels(label)
        return found


def _completed(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """With the id, and a Date unless there is one. A new list: the answer's own may be used again."""
    kept = [header for header in headers if header[0].lower() != _REQUEST_ID]
    if not any(name.lower() == b"date" for name, _ in kept):
        kept.append((b"date", date_of(int(time.time()))))
    return [*kept, (_REQUEST_ID, request_id.encode())]


@lru_cache(maxsize=2)
def date_of(unix_time_s: int) -> bytes:
    """The value of `Date`."""
    return format_http_date(unix_time_s).encode()


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _REQUEST_ID and _ACCEPTABLE_ID.fullmatch(value):
            return str(value, "ascii")
    return new_request_id()


def new_request_id() -> str:
    """For a request that brought none."""
    return secrets.token_hex(8)
