import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.membership import Member
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.scaling import (
    ScaleStep,
    instances_of,
    members,
    scale_step,
    scaled_topology,
    wanted_membership,
)


@pytest.mark.parametrize(
    ("running", "replicas", "step"),
    [
        ([1], 3, ScaleStep(added=(2, 3), removed=())),
        ([1, 2, 3], 1, ScaleStep(added=(), removed=(2, 3))),
        ([1, 2], 2, ScaleStep(added=(), removed=())),
        ([3, 1], 3, ScaleStep(added=(2,), removed=())),
    ],
)
def test_lowest_free_numbers_come_and_highest_go(running, replicas, step):
    """Instance 1 is the last to leave; a gap is filled first."""
    assert scale_step(running, replicas) == step


@given(st.sets(st.integers(1, 80), max_size=20), st.integers(0, 30))
def test_step_leads_to_exactly_so_many(running, replicas):
    """Whatever runs, the step ends at `replicas` and never adds what is there."""
    step = scale_step(running, replicas)

    assert len(running - set(step.removed) | set(step.added)) == replicas
    assert not set(step.added) & running
    assert set(step.removed) <= running


def test_topology_says_the_new_number():
    """Only the replicas change."""
    scaled = scaled_topology(Topology(), "api_gateway", 3)

    assert scaled.api_gateway.replicas == 3
    assert scaled.model_copy(update={"api_gateway": Topology().api_gateway}) == Topology()


@pytest.mark.parametrize(
    ("topology", "service", "replicas", "told"),
    [
        ({}, "database", 2, "database cannot be scaled; api_gateway and worker can"),
        ({}, "api_gateway", 0, "api_gateway.replicas = 0"),
        ({}, "api_gateway", 65, "api_gateway.replicas = 65"),
        ({"cache": {"engine": "memory"}}, "api_gateway", 2, "cache.engine = 'memory'"),
        ({"cache": {"engine": "memory"}}, "worker", 2, "no queue"),
    ],
)
def test_impossible_scale_is_refused_before_anything_happens(topology, service, replicas, told):
    """The message names the service and the value."""
    with pytest.raises(ConfigurationError, match=told):
        scaled_topology(Topology.model_validate(topology), service, replicas)


@pytest.mark.parametrize(
    ("tables", "cache", "workers"),
    [
        ({"worker": {"replicas": 2}}, 1, 2),
        ({"cache": {"engine": "memory"}}, 0, 0),
        ({"cache": {"url": "redis://host:1/0"}}, 0, 1),
    ],
)
def test_cache_and_workers_hang_on_the_engine(tables, cache, workers):
    """A server elsewhere is not started; without a queue there is nothing to work on."""
    instances = instances_of(Topology.model_validate(tables))

    assert (instances["cache"], instances["worker"]) == (cache, workers)
    assert next(iter(instances)) == "load_balancer"


def test_without_the_laboratory_only_what_stands_in_front_runs():
    """And workers cannot be scaled: there is nothing for them to do."""
    topology = Topology(laboratory=False)

    assert {service for service, number in instances_of(topology).items() if number} == {
        "load_balancer",
        "cache",
        "api_gateway",
    }
    with pytest.raises(ConfigurationError, match="laboratory = false"):
        scaled_topology(topology, "worker", 2)


def test_membership_names_every_gateway_by_a_reachable_address():
    """The balancer connects to an address, never to 'every address'."""
    wanted = wanted_membership({"api_gateway-1": Endpoint("::", 81)}, 30.0)

    assert wanted.members == (Member(name="api_gateway-1", host="::1", port=81),)
    assert wanted.drain_timeout_s == 30.0


def test_weights_go_by_the_number():
    """Whatever runs of them; those beyond the list have 1."""
    gateways = {f"api_gateway-{number}": Endpoint("127.0.0.1", number) for number in (12, 2, 1)}

    assert [one.weight for one in members(gateways, (3, 2))] == [1, 2, 3]
    assert [one.weight for one in members(gateways)] == [1, 1, 1]
    assert [one.weight for one in wanted_membership(gateways, 1.0, (3,)).members] == [1, 1, 3]
