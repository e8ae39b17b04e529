"""`containers.json`: a stack in containers for everybody who comes later. Exists as long as the stack does."""

from typing import Literal

from pydantic import ValidationError

from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import Account
from scalelab.contracts.topology import Topology
from scalelab.deployment.private_files import write_private
from scalelab.deployment.state_directory import StackDirectory

OrchestratorName = Literal["compose", "swarm"]


class ContainerRecord(Contract):
    """What is not to be had from the engine. Has passwords in it: 0600."""

    orchestrator: OrchestratorName
    topology: Topology
    nonce: str
    login: Account
    load_accounts: tuple[Account, ...]
    address: str
    """Where the balancer can be reached."""
    port: int
    """The balancer's, there."""
    variables: dict[str, str]
    """Of the Compose file."""
    profiles: tuple[str, ...] = ()


def write_container_record(directory: StackDirectory, record: ContainerRecord) -> None:
    """Whole or not at all. Raises `OSError`."""
    write_private(directory.containers_file, record.model_dump_json(indent=1).encode())


def read_container_record(directory: StackDirectory) -> ContainerRecord | None:
    """The record; None when there is no such stack."""
    try:
        return ContainerRecord.model_validate_json(directory.containers_file.read_bytes())
    except (OSError, ValidationError):
        return None
