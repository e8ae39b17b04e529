"""The routes of one's own of one gateway, put together; changed through the admin listener. Wiring only."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from pydantic import ValidationError
from starlette.requests import Request

from scalelab.contracts.routes import ROUTES_PATH, Route, RoutesChange, RouteTable
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.around_handlers import AroundHandlers
from scalelab.stack.api_gateway.own_routes.live_routes import LiveRoutes
from scalelab.stack.api_gateway.own_routes.route_limits import RouteLimits
from scalelab.stack.api_gateway.own_routes.served_route import RouteParts
from scalelab.stack.cache import Cache
from scalelab.stack.resilience import Budget, Retries, RetryRule


class OwnRoutes:
    """Built from the settings, opened and closed with the service."""

    def __init__(
        self,
        settings: GatewaySettings,
        cache: Cache,
        client_of: Callable[[Request], str],
        around: AroundHandlers,
    ) -> None:
        """Connects to nothing yet.

        Raises:
            CannotStartError: the cache's address or password is of no use.
        """

        def retries_of(route: Route) -> Retries:
            rule = RetryRule(route.retries, settings.retry_backoff_s, settings.retry_backoff_max_s)
            return Retries(rule, Budget(settings.retry_budget_ratio))

        self._limits = RouteLimits(settings)
        parts = RouteParts(cache, retries_of, self._limits.limiter_of, client_of, around)
        self.live = LiveRoutes(RouteTable(upstreams=settings.upstreams, routes=settings.routes), parts)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Serves them while the context is open."""
        try:
            async with self.live.opened():
                yield
        finally:
            await self._limits.aclose()

    def admin_routes(self) -> Sequence[web.RouteDef]:
        """For the admin listener, which demands the stack's nonce."""
        return [web.put(ROUTES_PATH, self._change)]

    async def _change(self, request: web.Request) -> web.StreamResponse:
        try:
            wanted = RoutesChange.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"reason": error.errors()[0]["msg"]}, status=400)
        if not wanted.is_trial:
            self.live.change(wanted.table)
            structlog.get_logger().info("routes_changed", routes=len(wanted.table.routes))
        return web.json_response({"routes": len(wanted.table.routes)})
