"""What a stack can be started on, by the name that `--on` takes."""

from enum import StrEnum
from typing import Annotated

import typer

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.local import LocalStack
from scalelab.deployment.state_directory import StackDirectory


class On(StrEnum):
    """What a stack runs on."""

    local = "local"
    compose = "compose"
    swarm = "swarm"


OnOption = Annotated[
    On, typer.Option("--on", help="Processes of this machine, or containers by Docker Compose or on a Swarm.")
]


def new_stack(on: On, topology: Topology, directory: StackDirectory) -> LocalStack | ContainerStack:
    """A stack that has not started yet."""
    match on:
        case On.local:
            return LocalStack(topology, directory)
        case On.compose:
            return ContainerStack("compose", topology, directory)
        case On.swarm:
            return ContainerStack("swarm", topology, directory)
