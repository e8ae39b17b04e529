"""The limit of a route while nobody can say how much was asked elsewhere: the route's own rule, or the gateway's."""

import pytest

from scalelab.contracts.routes import Route
from scalelab.stack.api_gateway.own_routes.route_limits import RouteLimits
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteMetrics
from scalelab.stack.service_kit.metrics import ServiceMetrics


@pytest.mark.parametrize(("said", "policy"), [(None, "local"), ("refuse", "refuse"), ("accept", "accept")])
async def test_each_route_may_have_a_rule_of_its_own(gateway_settings, said, policy):
    """F05."""
    route = Route(path="/a", upstream="shop", limit={"rate_per_s": 1, "when_unreachable": said})
    limits = RouteLimits(gateway_settings, RouteMetrics(ServiceMetrics()))

    assert limits.limiter_of(route)._when_unreachable == policy
    await limits.aclose()


async def test_a_route_without_a_limit_has_no_limiter(gateway_settings):
    """Nothing is counted."""
    limits = RouteLimits(gateway_settings, RouteMetrics(ServiceMetrics()))

    assert limits.limiter_of(Route(path="/a", upstream="shop")) is None
