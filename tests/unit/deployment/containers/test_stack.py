"""A stack of containers, whatever keeps it running: what fails leaves nothing, or all as it was."""

import pytest

from scalelab.contracts.stack_view import ServiceView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers import stack as module
from scalelab.deployment.containers.docker import DockerError
from scalelab.deployment.containers.record import read_container_record
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.errors import AlreadyRunningError, ScaleError, StackGoneError, StartError
from scalelab.deployment.state_directory import StackDirectory


class InMemory:
    """An orchestrator without an engine. `refuses` are the verbs that fail."""

    def __init__(self):
        self.refuses = set()
        self.replicas = {}

    def address(self, topology):
        return topology.load_balancer.host

    def up(self, record):
        self._do("up")
        self.replicas["worker"] = record.topology.worker.replicas

    def scale(self, record, service):
        self.replicas[service] = record.topology.worker.replicas
        self._do(f"scale to {self.replicas[service]}")

    def services(self):
        return tuple(
            ServiceView(name="worker", instance=f"worker-{number}", pid=1, url="", admin_url="", state="ready")
            for number in range(1, self.replicas.get("worker", 0) + 1)
        )

    def complaints(self):
        return {"worker-1": "the node is full"}

    def down(self, record):
        assert record.orchestrator == "swarm"
        self._do("down")
        self.replicas.clear()

    def _do(self, verb):
        if verb in self.refuses:
            raise DockerError(f"{verb} was refused")


@pytest.fixture
def orchestrator(monkeypatch):
    made = InMemory()
    monkeypatch.setattr(module, "orchestrator_of", lambda _name, _directory: made)
    return made


@pytest.fixture
def stack(orchestrator, tmp_path):
    return ContainerStack("swarm", Topology(), StackDirectory("lab", tmp_path / "lab"))


def test_it_is_there_until_it_is_stopped(stack, orchestrator):
    """Known by its record; a second one of the name is refused; afterwards only logs are left."""
    view = stack.start()

    assert view.ready
    assert read_container_record(stack.directory).orchestrator == "swarm"
    with pytest.raises(AlreadyRunningError):
        ContainerStack("compose", Topology(), stack.directory).start()
    stack.stop()
    assert orchestrator.replicas == {}
    assert [path.name for path in stack.directory.root.iterdir()] == ["logs"]
    with pytest.raises(StackGoneError):
        stack.view()


def test_a_failed_start_leaves_nothing_and_says_why(stack, orchestrator):
    """In the words of what keeps it running."""
    orchestrator.refuses = {"up"}

    with pytest.raises(StartError, match="did not come up: worker-1 was not healthy: the node is full; logs are in"):
        stack.start()

    assert read_container_record(stack.directory) is None


def test_a_failed_change_is_taken_back(stack, orchestrator):
    """The record and the containers are as before."""
    stack.start()
    orchestrator.refuses = {"scale to 3"}

    with pytest.raises(ScaleError, match="worker was not scaled: scale to 3 was refused"):
        stack.scale("worker", 3)

    assert orchestrator.replicas == {"worker": 1}
    assert read_container_record(stack.directory).topology.worker.replicas == 1
    assert read_container_record(stack.directory).variables["WORKERS"] == "1"


def test_what_cannot_be_ended_can_be_tried_again(stack, orchestrator):
    """The record stays until it is done."""
    stack.start()
    orchestrator.refuses = {"down"}
    with pytest.raises(module.StopError, match="did not end: down was refused"):
        stack.stop()

    assert read_container_record(stack.directory) is not None
    orchestrator.refuses = set()
    stack.stop()
    assert read_container_record(stack.directory) is None
