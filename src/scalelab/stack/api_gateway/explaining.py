"""Where the time of an answer went (`Server-Timing`), and why it is no better (`Proxy-Status`, RFC 9209).

Switched off by default: it tells outsiders what stands behind the gateway, and how it is doing.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.upstream.values import UpstreamFaultKind

PROXY_NAME = "scalelab"
_ERRORS: dict[UpstreamFaultKind | Literal["status"], str] = {
    "unreachable": "destination_unavailable",
    "timeout": "http_response_timeout",
    "broken": "http_response_incomplete",
    "deadline": "http_response_timeout",
    "left_alone": "destination_unavailable",
    "untrusted": "tls_certificate_error",
    "no_slot": "connection_limit_reached",
    "too_large": "http_response_body_size",
    "status": "http_protocol_error",
}
"""Our faults by the names of RFC 9209, section 2.3."""
Fault = UpstreamFaultKind | Literal["status"]
_MS_PER_S = 1000


class Explanation:
    """Of one request, filled as it goes: what was waited for, and what went wrong."""

    def __init__(self, clock_s: Callable[[], float] = time.perf_counter) -> None:
        self.fault: Fault | None = None
        self.received_status: int | None = None
        """Of the service, when that is the fault."""
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._last_s = self._began_s
        self._parts: list[tuple[str, float]] = []

    def mark(self, name: str) -> None:
        """The time since the mark before, or since the beginning, went into this."""
        now_s = self._clock_s()
        self._parts.append((name, now_s - self._last_s))
        self._last_s = now_s

    def fields(self) -> dict[str, str]:
        """What the answer says, durations in milliseconds."""
        total_s = self._clock_s() - self._began_s
        timing = ", ".join(
            f"{name};dur={spent_s * _MS_PER_S:.2f}" for name, spent_s in [*self._parts, ("total", total_s)]
        )
        fields = {"Server-Timing": timing}
        if self.fault is not None:
            received = "" if self.received_status is None else f"; received-status={self.received_status}"
            fields["Proxy-Status"] = f"{PROXY_NAME}; error={_ERRORS[self.fault]}{received}"
        return fields


_CURRENT: ContextVar[Explanation | None] = ContextVar("explanation", default=None)


def mark(name: str) -> None:
    """The time since the mark before went into this, where the request in hand is explained."""
    explanation = _CURRENT.get()
    if explanation is not None:
        explanation.mark(name)


def explained(handler: Handler) -> Handler:
    """Stands above `@cached`: what it adds is of this answer, and is never stored."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        explanation = request.state.explanation = Explanation()
        token = _CURRENT.set(explanation)
        try:
            response = await handler(request)
        finally:
            _CURRENT.reset(token)
        for name, value in explanation.fields().items():
            response.headers[name] = value
        return response

    return answer


def explanation_of(request: Request) -> Explanation | None:
    """The one of a request that is explained; None for all others."""
    found = getattr(request.state, "explanation", None)
    return found if isinstance(found, Explanation) else None
