"""`scalelab run`: an experiment from its file to its results. Starts a stack of its own, or uses a running one."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from scalelab.cli.admin_ports import WHY
from scalelab.cli.consoles import progress_console
from scalelab.cli.deployments import On, OnOption
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.experiment_argument import ExperimentArgument
from scalelab.cli.options import AsJson, WatchOption
from scalelab.cli.run_progress import RunDisplay
from scalelab.cli.run_systems import AttachedSystem, OwnStacks, engine_versions
from scalelab.cli.run_table import caveat_lines, exit_code, print_summary
from scalelab.contracts.toml_text import parse_toml
from scalelab.contracts.topology import Topology
from scalelab.deployment.overrides import apply_overrides
from scalelab.lab.experiment_faults import ExperimentError
from scalelab.lab.plan import Plan, make_plan
from scalelab.lab.plan_time import planned_steps
from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.document import document_of
from scalelab.lab.report.run_content import content_of_run
from scalelab.lab.results.reading import read_run
from scalelab.lab.runner import RunProgress, run_experiment
from scalelab.lab.shipped import shipped_experiments
from scalelab.lab.stopping import LEAST_BLOCKS, StoppingRule, StoppingRuleError, parse_rule

_TABLES = ("topology", "load", "warm_up", "factors", "quick", "seed", "repeat", "cool_down_s")


def run(  # noqa: PLR0917  one parameter for each option, as Typer has it
    experiment: ExperimentArgument,
    quick: Annotated[
        bool, typer.Option("--quick", help="What the experiment's [quick] table makes shorter.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Predict the sizes of [verify] from the sweep, then measure them.")
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
    repeat: Annotated[
        int | None, typer.Option(help="Runs of each scenario, in random order block by block.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of keys, routes, waits and the order of runs.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="5%", help="Repeat until every interval's half width is that share.", show_default=False
        ),
    ] = None,
    budget: Annotated[str, typer.Option(metavar="20m", help="Longest time for --until.")] = "20m",
    on: OnOption = On.local,
    watch: WatchOption = False,
    as_json: AsJson = False,
) -> int:
    """Run an experiment: start a stack, warm up, measure each scenario, stop. Partial results survive Ctrl-C."""
    _demand_measurable(on)
    stopping = _stopping(until, budget, repeat)
    changes = {"repeat": LEAST_BLOCKS if until is not None else repeat, "seed": seed}
    overrides = [f"{name}={value}" for name, value in changes.items() if value is not None]
    plan = read_plan(
        experiment, is_quick=quick, is_verify=verify, only=only or (), settings=[*(settings or ()), *overrides]
    )
    _demand_own_processes(plan, experiment, on_running, on)
    console = progress_console()
    with (
        RunDisplay(console, planned_steps(plan) if stopping is None else ()) as display,
        _systems(on_running, display, on) as systems,
        _watched(plan, systems, display) if watch else nullcontext(display) as progress,
    ):
        try:
            run_experiment(
                plan, systems, results, progress, is_quick=quick, engines=engine_versions(on), until=stopping
            )
        except OSError as error:
            raise CommandError(
                f"results cannot be written to {results} ({error.strerror or error}): "
                f"give another place with --results",
                ExitCode.USAGE,
            ) from error
        finally:
            content = _tell(display.directory, as_json=as_json)
    return ExitCode.NOT_VALID if content is None else exit_code(content)


def read_plan(
    experiment: str, *, is_quick: bool, only: Sequence[str], settings: Sequence[str], is_verify: bool = False
) -> Plan:
    """The plan of an experiment, overrides applied.

    Raises:
        CommandError: with every fault.
    """
    file = _experiment_file(experiment)
    full = [_full_path(setting) for setting in settings]
    document, faults = apply_overrides(_document(file), full)
    chosen = {setting.partition("=")[0].strip() for setting in full}
    try:
        return make_plan(
            document,
            str(file),
            is_quick=is_quick,
            is_verify=is_verify,
            chosen=chosen,
            only=only,
            known_faults=faults,
        )
    except ExperimentError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error


def _stopping(until: str | None, budget: str, repeat: int | None) -> StoppingRule | None:
    if until is None:
        return None
    if repeat is not None:
        raise CommandError("--until repeats as often as it takes: leave out --repeat", ExitCode.USAGE)
    try:
        return parse_rule(until, budget)
    except StoppingRuleError as error:
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
        return parse_toml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}", ExitCode.USAGE) from error
    except ValueError as error:
        raise CommandError(f"{file} is not TOML: {error}", ExitCode.USAGE) from error


def _full_path(setting: str) -> str:
    """`load_balancer.engine=python` means the topology's; `load.users=10` is the experiment's own."""
    first = setting.partition("=")[0].partition(".")[0].strip()
    return f"topology.{setting}" if first in Topology.model_fields and first not in _TABLES else setting


def _demand_own_processes(plan: Plan, experiment: str, on_running: str | None, on: On) -> None:
    """Where there are faults to be done."""
    if plan.experiment.faults and (on is not On.local or on_running is not None):
        raise CommandError(
            f"{experiment} has faults, which are done to processes that the run has started itself: leave out "
            f"{'--on-running' if on_running is not None else '--on'}",
            ExitCode.USAGE,
        )


def _demand_measurable(on: On) -> None:
    if on is On.swarm:
        raise CommandError(
            f"--on swarm is not for `scalelab run`, which reads the metrics of each service: a Swarm's are {WHY}. "
            f"Use --on compose, or `scalelab up --on swarm` and `scalelab load`",
            ExitCode.USAGE,
        )


def _systems(on_running: str | None, display: RunDisplay, on: On) -> OwnStacks | AttachedSystem:
    return OwnStacks(display, on) if on_running is None else AttachedSystem(on_running)


def _watched(
    plan: Plan, systems: OwnStacks | AttachedSystem, display: RunDisplay
) -> AbstractContextManager[RunProgress]:
    from scalelab.cli.watched import watched_run  # noqa: PLC0415  for those who watch

    return watched_run(plan.experiment.name, lambda: systems.current, display)


def _tell(directory: Path | None, *, as_json: bool) -> ReportContent | None:
    """What the run's directory says, in the report's own figures."""
    if directory is None:
        return None
    content = content_of_run(read_run(directory))
    if as_json:
        print(json.dumps(document_of(content) | {"directory": str(directory)}, indent=1))
        return content
    print_summary(content)
    sentences = (*content.objective_lines, *content.verdict_sentences, *content.verified_sentences)
    for line in (*(f"- {sentence}" for sentence in sentences), *caveat_lines(content)):
        print(line)
    for line in content.naive:
        print(f"- An ordinary report would have printed: {line}")
    print(f"Results: {directory}")
    return content
