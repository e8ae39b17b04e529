"""`scalelab plan EXPERIMENT`: every run, in its order, and the time they take. Starts nothing."""

import json
from typing import Annotated

import typer
from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.experiment_argument import ExperimentArgument
from scalelab.cli.run import read_plan
from scalelab.lab.fractions import confounded
from scalelab.lab.plan import Plan
from scalelab.lab.plan_time import PlannedStep, duration_text, planned_steps, total_s

_LEAST_WIDTH = 110


def plan(
    experiment: ExperimentArgument,
    quick: Annotated[
        bool, typer.Option("--quick", help="What the experiment's [quick] table makes shorter.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="With the sizes of [verify].")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this scenario; may be given again.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="One field, as `scalelab run` has it.")
    ] = None,
    repeat: Annotated[int | None, typer.Option(help="Runs of each scenario.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The plan as JSON.")] = False,
) -> None:
    """Show the runs of an experiment, in order, and how long they take. Nothing is started."""
    overrides = [] if repeat is None else [f"repeat={repeat}"]
    made = read_plan(
        experiment, is_quick=quick, is_verify=verify, only=only or (), settings=[*(settings or ()), *overrides]
    )
    steps = planned_steps(made)
    if as_json:
        print(json.dumps(_document(made, steps), indent=2))
        return
    console = result_console()
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console.width = _LEAST_WIDTH
    console.print(_table(steps), highlight=False)
    for sentence in _sentences(made, steps):
        print(f"- {sentence}")


def _table(steps: tuple[PlannedStep, ...]) -> Table:
    table = Table("Run", "Repetition", "Scenario", "Name", "Expected")
    for step in steps:
        title = f"{step.scenario.title} (predicted first)" if step.is_predicted_first else step.scenario.title
        table.add_row(
            str(step.number), str(step.repetition), title, step.scenario.name, duration_text(step.expected_s)
        )
    return table


def _sentences(made: Plan, steps: tuple[PlannedStep, ...]) -> list[str]:
    experiment = made.experiment
    runs = "1 run" if len(steps) == 1 else f"{len(steps)} runs"
    told = [
        f"{runs} of {len(made.scenarios) + len(made.verifying)} scenarios, about {duration_text(total_s(steps))}."
    ]
    if made.is_randomised:
        told.append(f"Each block holds every scenario once, in an order drawn from seed {experiment.seed}.")
    confusions = confounded(list(experiment.factors), experiment.fraction)
    return [*told, *(f"In this {experiment.fraction} of the grid {text}." for text in confusions)]


def _document(made: Plan, steps: tuple[PlannedStep, ...]) -> dict[str, object]:
    return {
        "experiment": made.experiment.name,
        "expected_s": total_s(steps),
        "runs": [
            {
                "number": step.number,
                "repetition": step.repetition,
                "scenario": step.scenario.name,
                "factors": step.scenario.factors,
                "predicted_first": step.is_predicted_first,
                "expected_s": step.expected_s,
            }
            for step in steps
        ],
    }
