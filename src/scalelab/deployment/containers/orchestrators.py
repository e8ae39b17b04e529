"""The orchestrator of a stack, by its name in the record."""

from scalelab.deployment.containers.base import Orchestrator
from scalelab.deployment.containers.compose import Compose
from scalelab.deployment.containers.record import OrchestratorName
from scalelab.deployment.containers.swarm import Swarm
from scalelab.deployment.state_directory import StackDirectory


def orchestrator_of(name: OrchestratorName, directory: StackDirectory) -> Orchestrator:
    """Asks nothing yet."""
    return Swarm(directory) if name == "swarm" else Compose(directory)
