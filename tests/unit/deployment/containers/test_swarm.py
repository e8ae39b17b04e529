"""A Swarm through a made-up `docker`."""

import json

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.docker import DockerError
from scalelab.deployment.containers.record import ContainerRecord
from scalelab.deployment.containers.swarm import Swarm
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.offers import EVERY_ADDRESS
from scalelab.deployment.state_directory import StackDirectory

PUBLIC = Topology.model_validate({"load_balancer": {"host": EVERY_ADDRESS}, "api_gateway": {"replicas": 2}})
NO_STACK = 'echo "nothing found in stack: scalelab-lab-1" >&2; exit 1'


@pytest.fixture
def swarm(tmp_path):
    return Swarm(StackDirectory("Lab.1", tmp_path))


@pytest.fixture
def record():
    account = {"username": "u", "password": "p"}
    return ContainerRecord(
        orchestrator="swarm", topology=PUBLIC, nonce="n", login=account, load_accounts=(), address="192.0.2.7",
        port=1, variables={},
    )  # fmt: skip


@pytest.fixture
def docker(program, tmp_path):
    """Says what it is to say to the first two words of a command; what it was asked for is kept."""
    asked = tmp_path / "asked"

    def make(**answers):
        cases = "\n".join(f'"{words.replace("_", " ")}") {answer};;' for words, answer in answers.items())
        program("docker", f'echo "$@" >>{asked}\ncase "$1 $2" in\n{cases}\nesac')
        return asked

    return make


def info(state, *, manages):
    document = {"LocalNodeState": state, "ControlAvailable": manages, "NodeAddr": "192.0.2.7"}
    return f"echo '{json.dumps(document)}'"


def tasks(*instances, state="Running", error=""):
    general = {"ID": "t", "Node": "node1", "DesiredState": "Running", "CurrentState": state, "Error": error}
    return "; ".join(f"echo '{json.dumps(general | {'Name': f'scalelab-lab-1_{name}'})}'" for name in instances)


def test_the_balancer_is_at_the_nodes_address(swarm, docker):
    """By which other nodes know it, too."""
    docker(**{"info --format": info("active", manages=True)})

    assert swarm.address(PUBLIC) == "192.0.2.7"


@pytest.mark.parametrize("state", ["inactive", "active"])
def test_without_a_manager_it_is_said_what_to_do(swarm, docker, state):
    """An engine alone, or a worker."""
    docker(**{"info --format": info(state, manages=False)})

    with pytest.raises(UnfitMachineError, match=rf"manages no Swarm \(it is {state}\): type `docker swarm init`"):
        swarm.address(PUBLIC)


def test_no_stack_is_no_instances(swarm, docker):
    """Not an error; another trouble is one."""
    docker(stack_ps=NO_STACK)
    assert swarm.services() == ()

    docker(stack_ps="echo 'the manager is lost' >&2; exit 1")
    with pytest.raises(DockerError, match="the manager is lost"):
        swarm.services()


def test_scaling_returns_when_so_many_run(swarm, docker, record):
    """As many as the record says."""
    asked = docker(stack_ps=tasks("api_gateway.1", "api_gateway.2"), node_ls="echo Ready node1")

    swarm.scale(record, "api_gateway")

    assert "service scale --detach scalelab-lab-1_api_gateway=2" in asked.read_text().splitlines()


def test_what_no_node_takes_is_not_waited_for(swarm, docker, record):
    """Rejected for the third time."""
    docker(
        stack_ps=tasks(*["api_gateway.1"] * 3, state="Rejected", error="No such image: x"), node_ls="echo Ready node1"
    )

    with pytest.raises(DockerError, match="api_gateway-1: No such image: x"):
        swarm.scale(record, "api_gateway")


def test_down_returns_when_nothing_is_left(swarm, docker, record):
    """No task, no network."""
    asked = docker(stack_ps=NO_STACK, node_ls="echo Ready node1")

    swarm.down(record)

    assert "stack rm scalelab-lab-1" in asked.read_text().splitlines()
