"""Gives up work whose time is over: what the caller gave with the request, or the gateway gives each one."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts import metric_names
from scalelab.contracts.http_names import REQUEST_TIMEOUT_HEADER
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.upstream.time_left import TimeLimit, limited, wished_s, within

_TIMER_S = 0.002
"""So much early a timer of the event loop may be."""


class TimeKeeper:
    """Of one service: keeps requests within their time, and counts those that were not."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        self.exceeded = 0
        metrics.count(metric_names.DEADLINES_EXCEEDED_TOTAL, "Not answered in time.", lambda: self.exceeded)

    async def kept(self, limit: TimeLimit, work: Awaitable[Response], *, grace_s: float = 0.0) -> Response | None:
        """The answer; None when there is none in time, and then `work` is cancelled.

        Args:
            limit: what is asked meanwhile has it, too.
            work: must survive a cancellation without leaking anything.
            grace_s: seconds that it gets beyond, to say itself what it came to.
        """
        timer = asyncio.timeout_at(limit.due_s + grace_s)
        try:
            with within(limit):
                async with timer:
                    response = await work
        except TimeoutError:
            if not timer.expired():
                raise
            self.exceeded += 1
            return None
        is_late = asyncio.get_running_loop().time() >= limit.due_s - _TIMER_S
        self.exceeded += is_late and response.status_code == HTTPStatus.GATEWAY_TIMEOUT
        return response

    async def answer(self, request: Request, work: Awaitable[Response]) -> Response:
        """Await `work` within the time that the caller gave, if any; 504 when it is over."""
        now_s = asyncio.get_running_loop().time()
        limit = limited(now_s, 0.0, wished_s(request.headers.getlist(REQUEST_TIMEOUT_HEADER)))
        if limit is None:
            return await work
        response = await self.kept(limit, work)
        return response or problem(request, HTTPStatus.GATEWAY_TIMEOUT, "the time that the caller gave is over")
