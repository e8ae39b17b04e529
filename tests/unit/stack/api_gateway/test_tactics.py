"""Tactics by their settings: what is switched off costs nothing, and what is on shows in the metrics."""

import pytest

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.tactics import SlowedUpstream, Tactics
from scalelab.stack.resilience import HedgedUpstream, RetryingUpstream
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault


class Service:
    """Fails so often, then answers."""

    def __init__(self, failures=0):
        self.failures, self.asked = failures, 0

    async def request(self, _method, _path, **_rest):
        self.asked += 1
        fails = self.asked <= self.failures
        return UpstreamFault("broken", "gone") if fails else UpstreamAnswer(200, (), b"ok")


def settings_with(**changes):
    return GatewaySettings.model_construct(**{**_DEFAULTS, "instance": "api_gateway-1", **changes})


_DEFAULTS = {name: field.default for name, field in GatewaySettings.model_fields.items()}


async def test_without_tactics_the_service_itself_is_asked():
    """No layer, no metric."""
    metrics, service = ServiceMetrics(), Service()

    assert Tactics(settings_with(), metrics).around(service, "database") is service
    assert b"retries" not in metrics.exposition()


async def test_retries_show_in_the_metrics():
    """Two faults, two further attempts, one good answer."""
    metrics = ServiceMetrics()
    upstream = Tactics(settings_with(retries=3, retry_backoff_s=0.0), metrics).around(Service(failures=2), "database")

    outcome = await upstream.request("GET", "/")
    metrics.exposition()

    assert isinstance(upstream, RetryingUpstream)
    assert outcome.status == 200
    assert metrics.registry.get_sample_value("scalelab_upstream_retries_total") == 2


async def test_a_hedge_is_part_of_an_attempt():
    """The retry stands outside."""
    tactics = Tactics(settings_with(retries=1, hedge_percentile=0.95), ServiceMetrics())

    upstream = tactics.around(Service(), "database")

    assert isinstance(upstream, RetryingUpstream)
    assert isinstance(upstream._inner, HedgedUpstream)


@pytest.mark.parametrize(("instance", "is_slow"), [("api_gateway-1", True), ("api_gateway-2", False)])
async def test_the_first_replicas_are_the_slow_ones(instance, is_slow):
    """One of several, so that policies have something to find."""
    settings = settings_with(instance=instance, slow_replicas=1, slow_replica_delay_s=0.3)

    upstream = Tactics(settings, ServiceMetrics()).around(Service(), "database")

    assert isinstance(upstream, SlowedUpstream) == is_slow


async def test_an_adaptive_limit_moves_the_slots_of_the_gateway(build_lab):
    """It begins at the middle of its bounds, and its gauge shows where it is."""
    lab = build_lab(upstream_slots=16, adaptive_slots_min=2)

    await lab.client.get("/data?key=1")

    assert lab.parts.slots.limit == 8
    assert lab.metric("scalelab_upstream_slots_limit") == 8
