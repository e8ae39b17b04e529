"""A Swarm through a made-up `docker`."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.swarm import Swarm
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.offers import EVERY_ADDRESS
from scalelab.deployment.state_directory import StackDirectory

PUBLIC = Topology.model_validate({"load_balancer": {"host": EVERY_ADDRESS}})


@pytest.fixture
def swarm(tmp_path):
    return Swarm(StackDirectory("Lab.1", tmp_path))


def info(state, *, manages):
    document = f'{{"LocalNodeState": "{state}", "ControlAvailable": {manages}, "NodeAddr": "192.0.2.7"}}'
    return f"[ \"$1\" != info ] || echo '{document}'"


def test_the_balancer_is_at_the_nodes_address(swarm, program):
    """By which other nodes know it, too."""
    program("docker", info("active", manages="true"))

    assert swarm.address(PUBLIC) == "192.0.2.7"


@pytest.mark.parametrize(("state", "manages"), [("inactive", "false"), ("active", "false")])
def test_without_a_manager_it_is_said_what_to_do(swarm, program, state, manages):
    """An engine alone, or a worker."""
    program("docker", info(state, manages=manages))

    with pytest.raises(UnfitMachineError, match=rf"manages no Swarm \(it is {state}\): type `docker swarm init`"):
        swarm.address(PUBLIC)


def test_no_stack_is_no_instances(swarm, program):
    """Not an error; another trouble is one."""
    program("docker", '[ "$1" != stack ] || { echo "nothing found in stack: scalelab-lab-1" >&2; exit 1; }')

    assert swarm.services() == ()
