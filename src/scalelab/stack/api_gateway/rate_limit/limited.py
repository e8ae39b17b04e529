"""The limit as a decorator of handlers: counts by user and route, tells where one stands, and refuses with 429.

Fields: draft-ietf-httpapi-ratelimit-headers (`RateLimit`, `RateLimit-Policy`); 429 and Retry-After: RFC 6585.
"""

import math
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Literal

import structlog
from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.rate_limit.counts import RateCounts
from scalelab.stack.api_gateway.rate_limit.gcra import RateRule, Standing
from scalelab.stack.service_kit.problems import problem

POLICY_NAME = "user"
WhenUnreachable = Literal["local", "accept", "refuse"]


class RateLimiter:
    """Stands under `@requires_token`: it counts subjects, and one that is not known is nobody."""

    def __init__(
        self,
        rule: RateRule,
        shared: RateCounts | None,
        local: RateCounts,
        when_unreachable: WhenUnreachable,
        on_refused: Callable[[], None] = lambda: None,
        on_unheard: Callable[[], None] = lambda: None,
    ) -> None:
        """Counts nothing yet.

        Args:
            rule: what is allowed.
            shared: None where there is one gateway only.
            local: of this gateway.
            when_unreachable: what happens while `shared` cannot be asked.
            on_refused: called for each request beyond the limit.
            on_unheard: called for each request of which `shared` told nothing in time.
        """
        self._rule = rule
        self._shared = shared
        self._local = local
        self._when_unreachable = when_unreachable
        self._on_refused = on_refused
        self._on_unheard = on_unheard
        self._is_shared_away = False

    def __call__(self, handler: Handler) -> Handler:
        """The handler, for who asks no more than allowed."""

        @wraps(handler)
        async def answer(request: Request) -> Response:
            standing = await self._standing(_name(request))
            if standing is None:
                if self._when_unreachable == "refuse":
                    return problem(
                        request,
                        HTTPStatus.SERVICE_UNAVAILABLE,
                        "the rate limit cannot be checked",
                        {"Retry-After": "1"},
                    )
                return await handler(request)
            response = await handler(request) if standing.is_allowed else self._refusal(request, standing)
            for field, value in fields_of(self._rule, standing).items():
                response.headers[field] = value
            return response

        return answer

    async def aclose(self) -> None:
        """Give back connections."""
        if self._shared is not None:
            await self._shared.aclose()

    async def _standing(self, name: str) -> Standing | None:
        if self._shared is None:
            return await self._local.take(name)
        standing = await self._shared.take(name)
        self._note(is_away=standing is None)
        if standing is None and self._when_unreachable == "local":
            return await self._local.take(name)
        return standing

    def _note(self, *, is_away: bool) -> None:
        """One line when it goes, one when it is back; each request of the time between is counted."""
        if is_away:
            self._on_unheard()
        if is_away != self._is_shared_away:
            self._is_shared_away = is_away
            event = "rate_limit_store_away" if is_away else "rate_limit_store_back"
            structlog.get_logger().warning(event, policy=self._when_unreachable)

    def _refusal(self, request: Request, standing: Standing) -> Response:
        self._on_refused()
        rule = self._rule
        return problem(
            request,
            HTTPStatus.TOO_MANY_REQUESTS,
            f"more than {rule.rate_per_s:g} requests a second, or {rule.burst} at once",
            {"Retry-After": str(max(1, math.ceil(standing.retry_after_s)))},
        )


def fields_of(rule: RateRule, standing: Standing) -> dict[str, str]:
    """What the client is told, allowed or not: its quota, and what is left of it."""
    return {
        "RateLimit-Policy": f'"{POLICY_NAME}";q={rule.burst};w={max(1, math.ceil(rule.window_s))}',
        "RateLimit": f'"{POLICY_NAME}";r={standing.remaining};t={math.ceil(standing.reset_s)}',
    }


def _name(request: Request) -> str:
    route = getattr(request.scope.get("route"), "path", request.scope["path"])
    return f"{request.method} {route} {request.state.subject}"
