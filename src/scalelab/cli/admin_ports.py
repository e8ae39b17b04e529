"""Refuses what needs the admin ports of a stack's services where nobody outside reaches them."""

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.contracts.stack_view import StackView

WHY = "reachable only inside its network"


def demand_admin_ports(view: StackView) -> None:
    """Let pass whoever is on this machine.

    Raises:
        CommandError: it runs on a Swarm.
    """
    if any(service.node for service in view.services):
        raise CommandError(
            f"the stack {view.name!r} runs on a Swarm, and this needs the admin ports of its services, which are "
            f"{WHY}; from outside there is `scalelab load {view.url}/...`",
            ExitCode.USAGE,
        )
