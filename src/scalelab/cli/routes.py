"""`scalelab routes check|apply FILE`: what a routes file means, and other routes for a running stack."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import AsJson, StackName
from scalelab.contracts.routes import RouteTable
from scalelab.deployment.attach import attach
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.route_explanation import ExplainedRoute, explained_routes, unused_upstreams
from scalelab.deployment.routes_file import parse_routes, read_routes, routes_text

_LEAST_WIDTH = 140


class RoutesAction(StrEnum):
    """What can be done."""

    check = "check"
    apply = "apply"


def routes(
    action: Annotated[
        RoutesAction,
        typer.Argument(
            help="check: explain the file. apply: give it to every gateway of a running stack, or to none."
        ),
    ],
    file: Annotated[Path, typer.Argument(help="TOML file with upstreams and routes.")],
    name: StackName = "default",
    as_json: AsJson = False,
) -> int:
    """Explain a routes file, or apply it to a running stack without a failed request."""
    if action is RoutesAction.apply:
        return _apply(file, name, as_json=as_json)
    return _check_for_machines(file) if as_json else _check(file)


def _apply(file: Path, name: str, *, as_json: bool) -> ExitCode:
    table = read_routes(file)
    stack = attach(name)
    if isinstance(stack, ContainerStack):
        raise CommandError(f"the routes of stack {name!r} cannot be changed: it runs in containers", ExitCode.USAGE)
    gateways = stack.change_routes(table).topology.api_gateway.replicas
    if as_json:
        print(json.dumps({"routes": len(table.routes), "gateways": gateways}))
    else:
        print(f"{_number(len(table.routes), 'route')} at {_number(gateways, 'gateway')}")
    return ExitCode.DONE


def _check(file: Path) -> ExitCode:
    table = read_routes(file)
    explained = explained_routes(table)
    console = result_console()
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console.width = _LEAST_WIDTH
    console.print(_as_table(explained), highlight=False)
    for line in _warning_lines(table, explained):
        print(f"- {line}")
    return ExitCode.DONE


def _check_for_machines(file: Path) -> ExitCode:
    table = parse_routes(routes_text(file))
    if not isinstance(table, RouteTable):
        print(json.dumps({"valid": False, "faults": table}, indent=2))
        return ExitCode.USAGE
    explained = explained_routes(table)
    document = {
        "valid": True,
        "routes": [asdict(route) for route in explained],
        "warnings": _warning_lines(table, explained),
    }
    print(json.dumps(document, indent=2))
    return ExitCode.DONE


def _as_table(explained: tuple[ExplainedRoute, ...]) -> Table:
    table = Table("Request", "Goes to", "Who may ask", "Answers", "Bounds")
    for route in explained:
        table.add_row(route.request, route.goes_to, route.who_may, route.answers, route.bounds)
    return table


def _warning_lines(table: RouteTable, explained: tuple[ExplainedRoute, ...]) -> list[str]:
    lines = [f"{route.request}: {warning}" for route in explained for warning in route.warnings]
    return [*lines, *(f"upstream {name}: no route leads to it" for name in unused_upstreams(table))]


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
