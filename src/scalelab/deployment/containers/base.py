"""What keeps the containers of a stack running, whichever it is. Holds no behaviour."""

from collections.abc import Mapping
from typing import Protocol

from scalelab.contracts.stack_view import ServiceName, ServiceView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.record import ContainerRecord


class Orchestrator(Protocol):
    """Of one stack. Every method raises `DockerError` when a command of Docker's failed or took too long."""

    def address(self, topology: Topology) -> str:
        """Where the balancer of such a stack can be reached from.

        Raises:
            ConfigurationError: something of the topology is not offered; says what, and what to change.
            UnfitMachineError: this machine's engine cannot run it.
        """

    def up(self, record: ContainerRecord) -> None:
        """Start everything; returns when every part is healthy."""

    def scale(self, record: ContainerRecord, service: ServiceName) -> None:
        """Make a service as large as the record's topology says; returns when it is healthy. Idempotent."""

    def services(self) -> tuple[ServiceView, ...]:
        """The instances as they are now. No side effect."""

    def complaints(self) -> Mapping[str, str]:
        """Why instances are not healthy, by their name, as far as the engine itself knows; else an empty text."""

    def down(self, record: ContainerRecord) -> None:
        """Keep the logs, and remove everything; returns when no container is left. Idempotent."""
