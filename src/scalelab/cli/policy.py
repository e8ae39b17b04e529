"""`scalelab policy least_connections`: another way for the balancer of a running stack to choose a gateway."""

from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import StackName
from scalelab.contracts.topology import BALANCING_POLICIES
from scalelab.deployment.attach import attach
from scalelab.deployment.containers.stack import ContainerStack


def policy(
    policy_name: Annotated[
        str,
        typer.Argument(
            metavar="POLICY",
            help=f"One of {', '.join(BALANCING_POLICIES)}.",
            autocompletion=lambda: list(BALANCING_POLICIES),
        ),
    ],
    name: StackName = "default",
) -> None:
    """Change the balancing policy of a running stack, without a failed request."""
    stack = attach(name)
    if isinstance(stack, ContainerStack):
        raise CommandError(
            f"the policy of stack {name!r} cannot be changed: in containers the balancer reads it when it starts; "
            f"start another stack with --set load_balancer.policy={policy_name}",
            ExitCode.USAGE,
        )
    balancer = stack.change_policy(policy_name).topology.load_balancer
    print(f"policy: {balancer.policy} ({balancer.engine})")
