"""`scalelab predict RUN`: what other numbers of gateways than those of its sweep will do."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.next_size import predict_sweeps, prediction_sentences
from scalelab.lab.results.reading import read_run
from scalelab.lab.results.size_prediction import PredictionsFile, SweepPredictions

LARGEST = 64
_LEAST_WIDTH = 110


def predict(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of a run with a sweep.")] = Path(
        "tests/results/latest"
    ),
    replicas: Annotated[str, typer.Option("--replicas", metavar="4,5", help="Numbers of gateways to predict.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Predict the throughput of other numbers of gateways, with an interval and what will bind."""
    if not run_directory.is_dir():
        raise CommandError(
            f"there is no run directory {run_directory}: give one, or make one with `scalelab run`", ExitCode.USAGE
        )
    run = read_run(run_directory)
    predictions = predict_sweeps(run.records, _sizes(replicas))
    if not predictions.sweeps:
        raise CommandError(f"{run_directory}: {'; '.join(predictions.faults)}", ExitCode.NOT_VALID)
    if as_json:
        print(json.dumps(predictions.model_dump(mode="json"), indent=2))
    else:
        _print(predictions)


def _sizes(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise CommandError("say what to predict: --replicas 4,5", ExitCode.USAGE)
    wrong = [word for word in words if not word.isdecimal() or not 1 <= int(word) <= LARGEST]
    if wrong:
        raise CommandError(
            f"--replicas {text}: {wrong[0]!r} is not a number of gateways from 1 to {LARGEST}", ExitCode.USAGE
        )
    return tuple(dict.fromkeys(int(word) for word in words))


def _print(predictions: PredictionsFile) -> None:
    console = result_console()
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console.width = _LEAST_WIDTH
    for sweep in predictions.sweeps:
        console.print(_table(sweep), highlight=False)
    for sentence in prediction_sentences(predictions):
        print(f"- {sentence}")


def _table(sweep: SweepPredictions) -> Table:
    title = ", ".join(f"{name} = {value}" for name, value in sweep.others.items())
    table = Table("Gateways", "Requests/s", "95 % interval", "Binds", title=title or None)
    for size, rates in sorted(sweep.measured.items()):
        table.add_row(str(size), f"{sum(rates) / len(rates):,.1f}", "measured", "")
    for one in sweep.predictions:
        interval = f"{one.low_per_s:,.1f} to {one.high_per_s:,.1f}"
        table.add_row(str(one.gateways), f"{one.throughput_per_s:,.1f}", interval, one.binding)
    return table
