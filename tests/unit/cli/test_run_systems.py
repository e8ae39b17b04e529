"""A running stack must be the one that the experiment describes."""

import pytest

from scalelab.cli.run_systems import topology_differences
from scalelab.contracts.topology import Topology

WANTED = Topology.model_validate(
    {"api_gateway": {"upstream_slots": 8}, "database": {"delay": {"mean_s": 0.1, "seed": 3}}}
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"api_gateway": {"upstream_slots": 8, "replicas": 3}},
        {"load_balancer": {"port": 8080}},
        {"accounts": {"load_pool_size": 3}},
        {"logging": {"level": "debug"}},
    ],
)
def test_what_does_not_change_the_measurement_may_differ(changes):
    """Replicas are scaled; where it listens does not matter."""
    running = Topology.model_validate({**WANTED.model_dump(), **_merged(changes)})

    assert topology_differences(running, WANTED) == []


def test_what_matters_is_told_with_its_path():
    """Another delay, another number of slots."""
    assert topology_differences(Topology(), WANTED) == [
        "api_gateway.upstream_slots is 0, not 8",
        "database.delay.mean_s is 0.0, not 0.1",
    ]


def _merged(changes):
    return {table: {**getattr(WANTED, table).model_dump(), **fields} for table, fields in changes.items()}
