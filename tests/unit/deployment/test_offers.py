"""What a deployment cannot do is refused before anything starts."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.offers import (
    EVERY_ADDRESS,
    demand_compose_offers,
    demand_kubernetes_offers,
    demand_local_offers,
    demand_swarm_offers,
)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"api_gateway": {"cpu_limit_cores": 0.5}}, "cpu_limit_cores = 0.5 is not offered"),
        ({"database": {"url": "postgresql:"}}, "'postgresql:' is not offered"),
    ],
)
def test_processes_have_no_quota_and_no_server_of_their_own(document, words):
    """Both are refused with what to do instead; containers have them."""
    topology = Topology.model_validate(document)

    with pytest.raises(ConfigurationError, match=words) as raised:
        demand_local_offers(topology)
    assert "--on compose" in str(raised.value)
    demand_compose_offers(topology)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"load_balancer": {"engine": "python"}}, "engine = 'python' is not offered on compose"),
        ({"laboratory": False}, "laboratory = false is not offered on compose"),
        (
            {"worker": {"broker": "rabbitmq", "broker_url": "amqp://a:secret@b/"}},
            "broker = 'rabbitmq' is not offered on compose",
        ),
        ({"cache": {"url": "redis://:secret@store:6379/0"}}, "'store:6379/0' is not offered on compose"),
        ({"api_gateway": {"traces_endpoint": "http://c:4318/v1/traces"}}, "traces' is not offered on compose"),
        ({"load_balancer": {"weights": [3, 1]}}, r"weights = \[3, 1\] is not offered on compose"),
    ],
)
def test_containers_have_haproxy_and_a_cache_of_their_own(document, words):
    """Refused without the password; processes have both."""
    topology = Topology.model_validate(document)

    with pytest.raises(ConfigurationError, match=words) as raised:
        demand_compose_offers(topology)
    assert "secret" not in str(raised.value)
    demand_local_offers(topology)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"load_balancer": {"engine": "python"}}, "engine = 'python' is not offered on kubernetes"),
        ({"cache": {"url": "redis://:secret@store:6379/0"}}, "'store:6379/0' is not offered on kubernetes"),
        ({"cache": {"engine": "memory"}}, "engine = 'memory' is not offered on kubernetes"),
        ({"api_gateway": {"replicas": 2, "slow_replicas": 1}}, "slow_replicas = 1 is not offered on kubernetes"),
    ],
)
def test_in_a_cluster_gateways_are_many_and_nameless(document, words):
    """Beyond what no containers offer."""
    with pytest.raises(ConfigurationError, match=words) as raised:
        demand_kubernetes_offers(Topology.model_validate(document))
    assert "secret" not in str(raised.value)


def test_the_default_topology_runs_everywhere():
    """Nothing is refused."""
    demand_local_offers(Topology())
    demand_compose_offers(Topology())
    demand_kubernetes_offers(Topology())


def test_a_swarm_publishes_only_if_it_may():
    """On every address of a node: not the loopback that a topology has without a word about it."""
    with pytest.raises(ConfigurationError, match=r"host = '127.0.0.1' is not offered on swarm.*host=0.0.0.0"):
        demand_swarm_offers(Topology())

    demand_swarm_offers(Topology.model_validate({"load_balancer": {"host": EVERY_ADDRESS}}))


def test_a_swarm_is_containers():
    """What those do not offer it refuses in its own name."""
    topology = Topology.model_validate({"load_balancer": {"engine": "python", "host": EVERY_ADDRESS}})

    with pytest.raises(ConfigurationError, match="engine = 'python' is not offered on swarm"):
        demand_swarm_offers(topology)
