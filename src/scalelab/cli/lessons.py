"""`scalelab lessons`: every lesson that ships, one after the other, and one page over all of them."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.consoles import progress_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.run import read_plan
from scalelab.cli.run_progress import RunDisplay
from scalelab.cli.run_systems import OwnStacks, engine_versions
from scalelab.lab.lessons import LESSONS
from scalelab.lab.plan import Plan
from scalelab.lab.plan_time import PlannedStep, duration_text, planned_steps, total_s
from scalelab.lab.report.build import build_report, write_index
from scalelab.lab.report.run_index import IndexedRun
from scalelab.lab.runner import run_experiment


def lessons(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Only these; all of them if none is given.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Not in the quick form.")] = False,
    results: Annotated[Path, typer.Option(help="Where results go.")] = Path("tests/results/lessons"),
    reports: Annotated[Path, typer.Option(help="Where the index and the reports go.")] = Path(
        "tests/reports/lessons"
    ),
) -> int:
    """Run the lessons that ship, and write one page: question, expectation, what was found."""
    plans = {name: _plan(name, is_quick=not full) for name in _chosen(names or [])}
    steps = {name: planned_steps(plan) for name, plan in plans.items()}
    expected_s = sum(map(total_s, steps.values()))
    print(f"{len(plans)} lessons, about {duration_text(expected_s)}: {', '.join(plans)}", flush=True)
    done: list[IndexedRun] = []
    for name, plan in plans.items():
        print(f"{name}: {plan.experiment.question}", flush=True)
        done.append(_run(name, plan, steps_from(name, steps), results, reports, is_quick=not full))
        write_index(done, reports, "Lessons")
        for sentence in done[-1].found:
            print(f"- {sentence}", flush=True)
    print(f"Written: {reports / 'index.html'}")
    is_good = all(lesson.content.is_valid and not lesson.content.is_prediction_missed for lesson in done)
    return ExitCode.DONE if is_good else ExitCode.NOT_VALID


def _chosen(names: list[str]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in LESSONS]
    if unknown:
        raise CommandError(f"there is no lesson {unknown[0]!r}: there are {', '.join(LESSONS)}", ExitCode.USAGE)
    return tuple(dict.fromkeys(names)) or LESSONS


def _plan(name: str, *, is_quick: bool) -> Plan:
    plan = read_plan(name, is_quick=is_quick, only=(), settings=())
    if plan.experiment.verify is None:
        return plan
    return read_plan(name, is_quick=is_quick, is_verify=True, only=(), settings=())


def steps_from(name: str, steps: Mapping[str, Sequence[PlannedStep]]) -> list[PlannedStep]:
    """Of the lesson `name` and of all after it: what is left when it begins."""
    return [step for one in itertools.dropwhile(lambda one: one != name, steps) for step in steps[one]]


def _run(
    name: str, plan: Plan, ahead: list[PlannedStep], results: Path, reports: Path, *, is_quick: bool
) -> IndexedRun:
    with RunDisplay(progress_console(), ahead) as display, OwnStacks(display) as systems:
        try:
            run_experiment(plan, systems, results, display, is_quick=is_quick, engines=engine_versions())
        except OSError as error:
            raise CommandError(
                f"results cannot be written to {results} ({error.strerror or error}): "
                f"give another place with --results",
                ExitCode.USAGE,
            ) from error
    assert display.directory is not None
    return IndexedRun(name, build_report(display.directory, reports / name).content, name)
