"""The routes of one's own of one gateway, put together; changed through the admin listener. Wiring only."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from pydantic import ValidationError
from starlette.requests import Request

from scalelab.contracts.routes import ROUTES_PATH, Route, RoutesChange, RouteTable, Upstream
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.around_handlers import AroundHandlers
from scalelab.stack.api_gateway.own_routes.live_routes import LiveRoutes
from scalelab.stack.api_gateway.own_routes.route_limits import RouteLimits
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteMetrics
from scalelab.stack.api_gateway.own_routes.route_upstream import StreamingClient, connected, tls_of
from scalelab.stack.api_gateway.own_routes.served_route import RouteParts
from scalelab.stack.cache import Cache
from scalelab.stack.resilience import Budget, Retries, RetryRule
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream.tls import TlsError


class OwnRoutes:
    """Built from the settings, opened and closed with the service."""

    def __init__(
        self,
        settings: GatewaySettings,
        cache: Cache,
        client_of: Callable[[Request], str],
        around: AroundHandlers,
        metrics: ServiceMetrics,
        connect: Callable[[Upstream, float], StreamingClient] = connected,
    ) -> None:
        """Connects to nothing yet.

        Raises:
            CannotStartError: the cache's address or password, or an upstream's certificates, are of no use.
        """
        try:
            _demand_usable(settings.upstreams)
        except TlsError as error:
            raise CannotStartError(str(error)) from error

        def retries_of(route: Route) -> Retries:
            rule = RetryRule(route.retries, settings.retry_backoff_s, settings.retry_backoff_max_s)
            return Retries(rule, Budget(settings.retry_budget_ratio))

        route_metrics = RouteMetrics(metrics)
        self._limits = RouteLimits(settings, route_metrics)
        parts = RouteParts(cache, retries_of, self._limits.limiter_of, client_of, around, route_metrics, connect)
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
        try:
            _demand_usable(wanted.table.upstreams)
        except TlsError as error:
            return web.json_response({"reason": str(error)}, status=400)
        if not wanted.is_trial:
            self.live.change(wanted.table)
            structlog.get_logger().info("routes_changed", routes=len(wanted.table.routes))
        return web.json_response({"routes": len(wanted.table.routes)})


def _demand_usable(upstreams: Mapping[str, Upstream]) -> None:
    """Raises TlsError: names the upstream."""
    for name, upstream in upstreams.items():
        try:
            tls_of(upstream)
        except TlsError as error:
            raise TlsError(f"upstreams.{name}.{error}") from error
