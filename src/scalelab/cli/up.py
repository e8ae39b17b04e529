"""`scalelab up`: a stack on this machine, in the foreground until Ctrl-C or in the background."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scalelab.cli.admin_ports import WHY
from scalelab.cli.consoles import progress_console
from scalelab.cli.deployments import On, OnOption, new_stack
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import StackName, WatchOption
from scalelab.cli.start_progress import start_progress
from scalelab.cli.stop_progress import stop_progress
from scalelab.contracts.stack_view import StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.local import LocalStack
from scalelab.deployment.progress import ignore_progress
from scalelab.deployment.routes_file import read_routes
from scalelab.deployment.state_directory import StackDirectory, stack_directory
from scalelab.deployment.supervisor import start_detached
from scalelab.deployment.topology_file import read_topology
from scalelab.lab.shipped import shipped_experiments


def up(
    name: StackName = "default",
    topology: Annotated[Path | None, typer.Option(help="TOML file with a topology.", show_default=False)] = None,
    experiment: Annotated[
        Path | None,
        typer.Option(
            help="Experiment whose [topology] is taken: a file, or a shipped one's name.", show_default=False
        ),
    ] = None,
    routes: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with routes of your own: balancer, gateways and cache in front of your service.",
            show_default=False,
        ),
    ] = None,
    gateways: Annotated[int | None, typer.Option(help="Gateway instances.", show_default=False)] = None,
    port: Annotated[
        int | None, typer.Option(help="The balancer's port; 0 takes a free one.", show_default=False)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="One field of the topology, e.g. database.pool_size=16."),
    ] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when it is ready.")] = False,
    on: OnOption = On.local,
    watch: WatchOption = False,
) -> None:
    """Start a stack. In the foreground it stops on Ctrl-C."""
    if watch and detach:
        raise CommandError(
            "--watch and --detach exclude each other: the dashboard ends with this command. Leave out --detach, or "
            "run `scalelab watch` afterwards",
            ExitCode.USAGE,
        )
    if watch and on is On.swarm:
        raise CommandError(f"--watch is not for a Swarm, whose metrics are {WHY}: leave it out", ExitCode.USAGE)
    wanted = _wanted_topology(topology, experiment, routes, _overrides(gateways, port, settings or []))
    directory = stack_directory(name)
    console = progress_console()
    if detach:
        with start_progress(name, console) as on_progress:
            if on is On.local:
                view = start_detached(wanted, directory, on_progress)
            else:
                view = new_stack(on, wanted, directory).start()  # its engine keeps it running
        _print_access(view, directory, f"Stop it with `scalelab down{_name_option(name)}`.")
        return
    _run_in_foreground(new_stack(on, wanted, directory), console, is_watched=watch)


def _run_in_foreground(stack: LocalStack | ContainerStack, console: Console, *, is_watched: bool) -> None:
    directory = stack.directory
    with start_progress(directory.name, console) as stack.on_progress:
        view = stack.start()  # leaves nothing when it fails or is interrupted
    stack.on_progress = ignore_progress
    try:
        _print_access(view, directory, "Ctrl-C stops it.")
        with _watched(stack) if is_watched else nullcontext():
            stack.await_end()
        print("The stack was stopped from elsewhere.")
    finally:
        with stop_progress(directory.name, console) if not stack.ended.is_set() else nullcontext():
            stack.stop()


def _watched(stack: LocalStack | ContainerStack) -> AbstractContextManager[object]:
    from scalelab.cli.watched import watched_stack  # noqa: PLC0415  half a second, for those who watch

    return watched_stack(stack)


def _wanted_topology(
    topology: Path | None, experiment: Path | None, routes: Path | None, overrides: list[str]
) -> Topology:
    if topology is not None and experiment is not None:
        raise CommandError("--topology and --experiment exclude each other: give one of them", ExitCode.USAGE)
    table = None if routes is None else read_routes(routes)
    if experiment is not None:
        return read_topology(_experiment_file(experiment), "experiment", overrides, table)
    return read_topology(topology, "topology", overrides, table)


def _overrides(gateways: int | None, port: int | None, settings: list[str]) -> list[str]:
    overrides = list(settings)
    if gateways is not None:
        overrides.append(f"api_gateway.replicas={gateways}")
    if port is not None:
        overrides.append(f"load_balancer.port={port}")
    return overrides


def _experiment_file(experiment: Path) -> Path:
    return experiment if experiment.exists() else shipped_experiments().get(str(experiment), experiment)


def _print_access(view: StackView, directory: StackDirectory, stop_hint: str) -> None:
    gateways = view.topology.api_gateway.replicas
    print(f"Stack {view.name!r} is ready: {gateways} gateway{'s' if gateways > 1 else ''}.")
    print(f"  URL       {view.url}")
    print(f"  user      {view.login.username}")
    print(f"  password  {view.login.password}")
    print(f"  logs      {directory.logs}")
    print(stop_hint, flush=True)


def _name_option(name: str) -> str:
    return "" if name == "default" else f" --name {name}"
