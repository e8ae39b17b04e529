"""The rate limits of routes: each with a rule of its own, all counted by one client of the cache server."""

from scalelab.contracts.routes import Route
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteMetrics
from scalelab.stack.api_gateway.rate_limit import LocalRateCounts, RateLimiter, RateRule, SharedRateCounts
from scalelab.stack.api_gateway.sessions.opening import server_client


class RouteLimits:
    """Of one gateway."""

    def __init__(self, settings: GatewaySettings, metrics: RouteMetrics) -> None:
        """Connects to nothing yet.

        Raises:
            CannotStartError: the cache's address or password is of no use.
        """
        self._client = server_client(settings.cache_url, settings.cache_password_file)
        self._when_unreachable = settings.rate_limit_when_unreachable
        self._metrics = metrics

    def limiter_of(self, route: Route) -> RateLimiter | None:
        """What counts the requests of this route; None for one without a limit."""
        if route.limit is None:
            return None
        rule = RateRule(route.limit.rate_per_s, route.limit.burst)
        shared = None if self._client is None else SharedRateCounts(self._client, rule)
        counts = self._metrics.of(route.path)
        policy = route.limit.when_unreachable or self._when_unreachable

        def on_refused() -> None:
            counts.limited += 1

        return RateLimiter(rule, shared, LocalRateCounts(rule), policy, on_refused)

    async def aclose(self) -> None:
        """Give back connections."""
        if self._client is not None:
            await self._client.aclose()
            await self._client.connection_pool.aclose()
