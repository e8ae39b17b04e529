"""What a stack can be started on, by the name that `--on` takes."""

from enum import StrEnum
from typing import Annotated

import typer

from scalelab.contracts.topology import Topology
from scalelab.deployment.compose.stack import ComposeStack
from scalelab.deployment.local import LocalStack
from scalelab.deployment.state_directory import StackDirectory


class On(StrEnum):
    """What a stack runs on."""

    local = "local"
    compose = "compose"


OnOption = Annotated[On, typer.Option("--on", help="Processes of this machine, or containers by Docker Compose.")]


def new_stack(on: On, topology: Topology, directory: StackDirectory) -> LocalStack | ComposeStack:
    """A stack that has not started yet."""
    return ComposeStack(topology, directory) if on is On.compose else LocalStack(topology, directory)
