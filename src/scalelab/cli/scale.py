"""`scalelab scale api_gateway=3`: more or fewer instances of a running stack, without a failed request."""

from typing import Annotated, get_args

import typer

from scalelab.cli.consoles import progress_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import StackName
from scalelab.contracts.stack_view import ServiceName
from scalelab.deployment.attach import attach


def scale(
    target: Annotated[str, typer.Argument(metavar="SERVICE=N", help="For example api_gateway=3 or worker=2.")],
    name: StackName = "default",
) -> None:
    """Change the number of gateways or workers of a running stack."""
    service, replicas = parse_target(target)
    stack = attach(name)
    console = progress_console()
    if console.is_terminal:
        with console.status(f"scaling {service} to {replicas} ..."):
            view = stack.scale(service, replicas)
    else:
        view = stack.scale(service, replicas)
    instances = ", ".join(one.instance for one in view.services if one.name == service)
    print(f"{service}: {replicas} ({instances})")


def parse_target(target: str) -> tuple[ServiceName, int]:
    """`api_gateway=3` as its parts.

    Raises:
        CommandError: not of that form, or no service of ours.
    """
    service, separator, number = target.partition("=")
    for known in get_args(ServiceName):
        if separator and service == known and number.isdigit():
            return known, int(number)
    raise CommandError(f"{target!r} is no target: write SERVICE=N, for example api_gateway=3", ExitCode.USAGE)
