"""`compose.json`: a stack in containers for everybody who comes later. Exists as long as the stack does."""

from pydantic import ValidationError

from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import Account
from scalelab.contracts.topology import Topology
from scalelab.deployment.private_files import write_private
from scalelab.deployment.state_directory import StackDirectory


class ComposeRecord(Contract):
    """What is not to be had from the engine. Has passwords in it: 0600."""

    topology: Topology
    nonce: str
    login: Account
    load_accounts: tuple[Account, ...]
    port: int
    """The balancer's, on this machine."""
    variables: dict[str, str]
    """Of the Compose file."""
    profiles: tuple[str, ...] = ()


def write_compose_record(directory: StackDirectory, record: ComposeRecord) -> None:
    """Whole or not at all. Raises `OSError`."""
    write_private(directory.compose_file, record.model_dump_json(indent=1).encode())


def read_compose_record(directory: StackDirectory) -> ComposeRecord | None:
    """The record; None when there is no such stack."""
    try:
        return ComposeRecord.model_validate_json(directory.compose_file.read_bytes())
    except (OSError, ValidationError):
        return None
