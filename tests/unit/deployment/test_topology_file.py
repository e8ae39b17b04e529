from pathlib import Path

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.topology_file import read_topology

CLASSIC = Path(__file__).resolve().parents[3] / "experiments" / "classic.toml"


def test_no_file_and_no_override_is_the_default():
    """A stack needs no file."""
    assert read_topology() == Topology()


def test_file_and_overrides_are_laid_over_the_defaults(tmp_path):
    """A file changes single fields, an override changes the file's."""
    file = tmp_path / "topology.toml"
    file.write_text("[api_gateway]\nreplicas = 2\nupstream_slots = 8\n")

    topology = read_topology(file, overrides=["api_gateway.replicas=3", "load_balancer.engine=python"])

    assert topology.api_gateway.replicas == 3
    assert topology.api_gateway.upstream_slots == 8
    assert topology.load_balancer.engine == "python"


def test_experiment_gives_its_topology_table():
    """The rest of an experiment is the laboratory's."""
    topology = read_topology(CLASSIC, "experiment", ["api_gateway.replicas=3"])

    assert topology.api_gateway.upstream_slots == 8
    assert topology.database.delay.mean_s == 0.1
    assert topology.api_gateway.replicas == 3


def test_all_faults_stand_in_one_message_with_their_paths(tmp_path):
    """Unknown keys, impossible values and broken overrides are told together."""
    file = tmp_path / "topology.toml"
    file.write_text("[api_gateway]\nreplica = 2\nupstream_slots = -1\n[database.delay]\nkind = 'uniform'\n")

    with pytest.raises(ConfigurationError) as caught:
        read_topology(file, overrides=["worker.threads=many", "oops"])

    message = str(caught.value)
    assert message.startswith(f"{file} is not valid, nothing was started; 5 faults:\n")
    assert "api_gateway.replica: there is no such key (did you mean replicas?)" in message
    assert "api_gateway.upstream_slots = -1: " in message
    assert "database.delay.kind = 'uniform': " in message
    assert "worker.threads = 'many': " in message
    assert "--set oops: no '='" in message


def test_single_fault_is_one_line():
    """One fault needs no list; rules between fields read as sentences."""
    with pytest.raises(ConfigurationError) as caught:
        read_topology(overrides=["cache.engine=memory", "api_gateway.replicas=2"])

    assert str(caught.value) == (
        "topology is not valid, nothing was started: cache.engine = 'memory' is private to one process, "
        "but api_gateway.replicas = 2: use cache.engine = 'valkey' or one gateway"
    )


def test_a_policy_that_an_engine_does_not_have_is_refused():
    """Never ignored; and what to do instead."""
    with pytest.raises(ConfigurationError) as caught:
        read_topology(overrides=["load_balancer.policy=peak_ewma"])

    assert "policy = 'peak_ewma' is not offered by engine = 'haproxy': use engine = 'python'" in str(caught.value)
    read_topology(overrides=["load_balancer.policy=peak_ewma", "load_balancer.engine=python"])


def test_adaptive_slots_need_an_upper_bound():
    """Between what and what?"""
    with pytest.raises(ConfigurationError) as caught:
        read_topology(overrides=["api_gateway.adaptive_slots_min=4"])

    assert "adaptive_slots_min = 4 is above upstream_slots = 0" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (None, "topology", "cannot be read: No such file"),
        (b"a = ", "topology", "is not TOML"),
        (b"\xff\xfe", "topology", "is not TOML"),
        (b"topology = 3", "experiment", "topology = 3 is not a table"),
    ],
)
def test_unreadable_file_is_one_line(tmp_path, content, kind, told):
    """What is wrong with the file itself is said with its path."""
    file = tmp_path / "file.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        read_topology(file, kind)

    assert str(file) in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value).replace("\\n", "")


@pytest.mark.parametrize(("overrides", "has_laboratory"), [((), False), (("laboratory=true",), True)])
def test_routes_come_without_the_laboratory_unless_told(overrides, has_laboratory):
    """They stand in the topology, so that every gateway that ever starts has them."""
    table = RouteTable.model_validate(
        {"upstreams": {"shop": {"url": "http://shop:1"}}, "routes": [{"path": "/", "upstream": "shop"}]}
    )

    topology = read_topology(overrides=overrides, routes=table)

    assert topology.route_table == table
    assert topology.laboratory is has_laboratory
    assert read_topology().laboratory
