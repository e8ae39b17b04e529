"""The outermost layer of every service: request id, metrics and the access line. Pure ASGI, no buffering."""

import itertools
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.http_cache.http_dates import format_http_date
from scalelab.stack.service_kit.logs import is_sampled, sampling_bound, write_access_line
from scalelab.stack.service_kit.metrics import ServiceMetrics

_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_SERVER_FAULT = 500
_CLIENT_CLOSED_REQUEST = 499
_UNMATCHED = ("unmatched", "any")
_COMMON_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "other"
"""A client may invent as many as it likes; each would be a series of its own."""


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
        self.counts = metrics.requests
        self._sampling_bound = sampling_bound(access_sample_ratio)

    def begin(self) -> None:
        """A request has come."""
        self.counts.in_flight += 1

    def end(self, scope: Scope, status: int, duration_s: float) -> None:
        """It was answered, or its client has gone."""
        route = scope.get("route")
        known = scope["method"] if scope["method"] in _COMMON_METHODS else _OTHER_METHOD
        label, method = (getattr(route, "path", "unmatched"), known) if route is not None else _UNMATCHED
        self.note(label, method, status, duration_s)
        request_id = scope["request_id"]
        if self.is_told(status, request_id.encode()):
            write_access_line(scope["method"], scope["path"], status, duration_s, request_id)

    def note(self, route: str, method: str, status: int, duration_s: float) -> None:
        """`end` without its access line; `route` is the template."""
        counts = self.counts
        counts.in_flight -= 1
        counts.answers(route, method, status).number += 1
        counts.durations(route).observe(duration_s)

    def is_told(self, status: int, request_id: bytes) -> bool:
        """Whether the request's access line is written: always for a fault of ours, else by the id."""
        return status >= _SERVER_FAULT or is_sampled(request_id, self._sampling_bound)


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
    return str(next_request_id(), "ascii")


def _request_ids() -> Iterator[Iterator[bytes]]:
    """Drawn when the first is asked for, not before: then every process counts from a place of its own."""
    yield map(b"%x".__mod__, itertools.count(2**63 + secrets.randbits(62)))


next_request_id = itertools.chain.from_iterable(_request_ids()).__next__
"""For a request that brought none: 16 hexadecimal digits, unlike all others, though not unforeseeable."""
