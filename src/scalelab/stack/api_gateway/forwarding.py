"""Passes a request on to a service: waits for a slot, asks, and turns the outcome into an answer.

A client that has gone leaves the queue and costs the services nothing. Nothing is sent twice.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.explaining import Fault, explanation_of, mark
from scalelab.stack.api_gateway.forwarded_headers import client_response_headers, raw, upstream_request_headers
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.resilience.breaker import is_good, tells_of_service
from scalelab.stack.service_kit.client_gone import answer_unless_gone
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

RETRY_AFTER_S = 1
NO_SLOT = UpstreamFault("no_slot", "no upstream slot came free")
_FAULT_STATUS = {
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
    "deadline": HTTPStatus.GATEWAY_TIMEOUT,
    "unreachable": HTTPStatus.SERVICE_UNAVAILABLE,
    "broken": HTTPStatus.BAD_GATEWAY,
    "untrusted": HTTPStatus.BAD_GATEWAY,
    "too_large": HTTPStatus.BAD_GATEWAY,
    "left_alone": HTTPStatus.SERVICE_UNAVAILABLE,
    "no_slot": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Who was not reached has done nothing, and may be back soon; who broke off may have done anything."""
_FAULT_DETAIL = {
    "timeout": "the service behind the gateway did not answer in time",
    "deadline": "the time for this request was over before it was answered",
    "unreachable": "the service behind the gateway could not be reached",
    "broken": "the service behind the gateway broke off its answer",
    "untrusted": "the certificate of the service behind the gateway is not believed",
    "too_large": "the answer of the service behind the gateway is larger than allowed",
    "left_alone": "the service behind the gateway failed too often of late, and is left alone for a while",
    "no_slot": "no upstream slot is free",
}
_NOT_LOGGED = frozenset({"left_alone", "no_slot", "deadline"})
"""That the breaker opened was; slots and missed deadlines are counted."""
_PASSED_ON = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Faults of the service that mean the same seen from the client; any other 5xx is a bad gateway."""


class Upstream(Protocol):
    """One service, as `UpstreamClient` offers it."""

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """One request, one answer or fault, within the client's timeout."""
        ...


async def forward(
    request: Request, slots: UpstreamSlots, upstream: Upstream, method: str, path_and_query: str
) -> Response:
    """The service's answer, in turn.

    503: no slot came free in time, or the service was not reached. 502, 504: no whole answer, or not in time.
    499: the client has gone.
    """
    return await answer_unless_gone(request, _in_turn(request, slots, upstream, method, path_and_query))


async def _in_turn(
    request: Request, slots: UpstreamSlots, upstream: Upstream, method: str, path_and_query: str
) -> Response:
    mark("gateway")
    is_held = await slots.acquire()
    mark("slot")
    if not is_held:
        return no_slot(request)
    try:
        headers = upstream_request_headers(request, has_body=False)
        asked_s = time.monotonic()
        outcome = await upstream.request(method, path_and_query, headers=headers)
        if tells_of_service(outcome):
            slots.note(time.monotonic() - asked_s, is_good=is_good(outcome))
    finally:
        slots.release()
    mark("upstream")
    return as_response(request, outcome)


@asynccontextmanager
async def slot_of(slots: UpstreamSlots) -> AsyncIterator[bool]:
    """A slot for the length of the context; false when none came free."""
    is_held = await slots.acquire()
    try:
        yield is_held
    finally:
        if is_held:
            slots.release()


def no_slot(request: Request) -> Response:
    """The answer to who waited too long, or found the queue full."""
    return as_response(request, NO_SLOT)


def come_back(request: Request, detail: str) -> Response:
    """503 with `Retry-After`."""
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_AFTER_S)})


def as_response(request: Request, outcome: UpstreamAnswer | UpstreamFault) -> Response:
    """What the client sees of an upstream's outcome."""
    if isinstance(outcome, UpstreamFault):
        _explain(request, outcome.kind)
    elif outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _explain(request, "status", outcome.status)
    if isinstance(outcome, UpstreamFault):
        return _fault_response(request, outcome)
    if outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR and outcome.status not in _PASSED_ON:
        structlog.get_logger().warning("upstream_fault", kind="status", status=outcome.status)
        return problem(request, HTTPStatus.BAD_GATEWAY, "the service behind the gateway failed")
    response = Response(outcome.body, outcome.status)
    response.raw_headers.extend(raw(client_response_headers(outcome.headers)))
    return response


def _fault_response(request: Request, fault: UpstreamFault) -> Response:
    if fault.kind not in _NOT_LOGGED:
        structlog.get_logger().warning("upstream_fault", kind=fault.kind, detail=fault.detail)
    status, detail = _FAULT_STATUS[fault.kind], _FAULT_DETAIL[fault.kind]
    is_soon_back = status is HTTPStatus.SERVICE_UNAVAILABLE
    return come_back(request, detail) if is_soon_back else problem(request, status, detail)


def _explain(request: Request, fault: Fault, received_status: int | None = None) -> None:
    explanation = explanation_of(request)
    if explanation is not None:
        explanation.fault, explanation.received_status = fault, received_status
