"""`scalelab run`: an experiment from its file to its results. Starts a stack of its own, or uses a running one."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.run_progress import RunDisplay
from scalelab.cli.run_systems import AttachedSystem, OwnStacks, engine_versions
from scalelab.cli.run_table import caveat_lines, results_table
from scalelab.contracts.topology import Topology
from scalelab.deployment.overrides import apply_overrides
from scalelab.lab.experiment_faults import ExperimentError
from scalelab.lab.plan import Plan, make_plan
from scalelab.lab.results.run_record import RunRecord
from scalelab.lab.runner import run_experiment
from scalelab.lab.shipped import shipped_experiments

LEAST_WIDTH = 110
"""Of the table, also where the output goes into a file."""
_TABLES = ("topology", "load", "warm_up", "factors", "quick", "seed", "repetitions")


def run(
    experiment: Annotated[str, typer.Argument(help="A TOML file, or the name of a shipped experiment (classic).")],
    quick: Annotated[
        bool, typer.Option("--quick", help="What the experiment's [quick] table makes shorter.")
    ] = False,
    results: Annotated[Path, typer.Option(help="Where results go.")] = Path("tests/results"),
    only: Annotated[list[str] | None, typer.Option(help="Only this scenario; may be given again.")] = None,
    on_running: Annotated[
        str | None, typer.Option(metavar="NAME", help="Use the running stack of this name.", show_default=False)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="One field, e.g. load.users=200 or database.pool_size=16."),
    ] = None,
) -> int:
    """Run an experiment: start a stack, warm up, measure each scenario, stop. Partial results survive Ctrl-C."""
    plan = read_plan(experiment, is_quick=quick, only=only or (), settings=settings or ())
    console = Console(stderr=True)
    with RunDisplay(console) as display, _systems(on_running, display) as systems:
        try:
            run_experiment(plan, systems, results, display, is_quick=quick, engines=engine_versions())
        except OSError as error:
            raise CommandError(
                f"results cannot be written to {results} ({error.strerror or error}): "
                f"give another place with --results",
                ExitCode.USAGE,
            ) from error
        finally:
            _tell(display)
    return _exit_code(display.records)


def read_plan(experiment: str, *, is_quick: bool, only: Sequence[str], settings: Sequence[str]) -> Plan:
    """The plan of an experiment, overrides applied.

    Raises:
        CommandError: with every fault.
    """
    file = _experiment_file(experiment)
    document, faults = apply_overrides(_document(file), [_full_path(setting) for setting in settings])
    try:
        return make_plan(document, str(file), is_quick=is_quick, only=only, known_faults=faults)
    except ExperimentError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error


def _experiment_file(experiment: str) -> Path:
    if Path(experiment).exists():
        return Path(experiment)
    shipped = shipped_experiments()
    if experiment in shipped:
        return shipped[experiment]
    raise CommandError(
        f"there is no experiment {experiment!r}: give a TOML file, or one of {', '.join(shipped) or 'none shipped'}",
        ExitCode.USAGE,
    )


def _document(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", ExitCode.USAGE) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} is not TOML: {error}", ExitCode.USAGE) from error


def _full_path(setting: str) -> str:
    """`load_balancer.engine=python` means the topology's; `load.users=10` is the experiment's own."""
    first = setting.partition("=")[0].partition(".")[0].strip()
    return f"topology.{setting}" if first in Topology.model_fields and first not in _TABLES else setting


def _systems(on_running: str | None, display: RunDisplay) -> OwnStacks | AttachedSystem:
    return OwnStacks(display) if on_running is None else AttachedSystem(on_running)


def _tell(display: RunDisplay) -> None:
    if display.records:
        console = Console()
        console.width = max(console.width, LEAST_WIDTH)
        console.print(results_table(display.records))
    for line in caveat_lines(display.records):
        print(line)
    if display.directory is not None:
        print(f"Results: {display.directory}")


def _exit_code(records: Sequence[RunRecord]) -> int:
    return ExitCode.DONE if all(record.validity == ("valid",) for record in records) else ExitCode.NOT_VALID
