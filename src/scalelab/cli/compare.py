"""`scalelab compare`: is run B better or worse than run A, scenario by scenario, and how sure is that?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.comparison import (
    METRICS,
    Comparison,
    ComparisonError,
    Line,
    compare_runs,
    parse_effect,
)
from scalelab.lab.comparison_caveats import circumstances_that_differ
from scalelab.lab.report import figures as shown
from scalelab.lab.report.scenario_figures import figures_of_run
from scalelab.lab.results.reading import StoredRun, read_run

LEAST_WIDTH = 120
HEAD = ("Scenario", "Figure", "A", "B", "B / A", "Interval", "Verdict", "")


def compare(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="Directory of the run to compare with.")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Directory of the run in question.")],
    smallest_effect: Annotated[
        str, typer.Option(metavar="5%", help="A difference below this share is of no interest.")
    ] = "5%",
    metric: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(METRICS)}; may be given again. Default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> int:
    """Compare two runs with several repetitions each: better, worse or undecided, with the ratio and its interval.

    Exit code 4 if anything is worse, 3 if nothing could be compared, 0 otherwise.
    """
    metrics = _metrics(metric)
    try:
        effect = parse_effect(smallest_effect)
    except ComparisonError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    before, after = _read(run_a), _read(run_b)
    caveats = (
        *circumstances_that_differ(before.manifest, after.manifest),
        *(f"A: {text}" for text in before.missing),
        *(f"B: {text}" for text in after.missing),
    )
    comparison = compare_runs(
        figures_of_run(before), figures_of_run(after), metrics=metrics, smallest_effect=effect, caveats=caveats
    )
    code = exit_code(comparison)
    if as_json:
        print(json.dumps({**asdict(comparison), "exit_code": code}, indent=1))
    else:
        _tell(comparison)
    return code


def exit_code(comparison: Comparison) -> ExitCode:
    """What a script asks for."""
    if comparison.has("worse"):
        return ExitCode.CRITERION_FAILED
    return ExitCode.DONE if comparison.lines else ExitCode.NOT_VALID


def _metrics(given: list[str] | None) -> tuple[str, ...]:
    unknown = [name for name in given or () if name not in METRICS]
    if unknown:
        raise CommandError(f"--metric {', '.join(unknown)}: choose from {', '.join(METRICS)}", ExitCode.USAGE)
    return tuple(dict.fromkeys(given)) if given else METRICS


def _read(directory: Path) -> StoredRun:
    if not directory.is_dir():
        raise CommandError(f"there is no run directory {directory}", ExitCode.USAGE)
    run = read_run(directory)
    if not run.repetitions:
        raise CommandError(f"{directory} holds no run: {'; '.join(run.missing)}", ExitCode.USAGE)
    return run


def _tell(comparison: Comparison) -> None:
    if comparison.lines:
        console = result_console()
        console.width = max(console.width, LEAST_WIDTH)
        console.print(_table(comparison))
        print(
            f"Smallest effect of interest: {comparison.smallest_effect * 100:.3g} %. Each interval has a confidence "
            f"of {comparison.confidence:.2%}, so that all {len(comparison.lines)} hold together with 95 %."
        )
    else:
        print("Nothing could be compared.")
    for skipped in comparison.skipped:
        what = f"{skipped.title}, {skipped.metric}" if skipped.metric else skipped.title
        print(f"Not compared: {what}: {skipped.reason}")
    for caveat in comparison.caveats:
        print(f"Caveat: {caveat}")


def _table(comparison: Comparison) -> Table:
    table = Table()
    for name in HEAD:
        is_figure = name in ("A", "B", "B / A", "Interval")
        table.add_column(name, justify="right" if is_figure else "left", no_wrap=name != "")
    for line in comparison.lines:
        table.add_row(*_cells(line))
    return table


def _cells(line: Line) -> tuple[str, ...]:
    is_rate = line.metric == "throughput"
    name = "requests/s" if is_rate else f"{line.metric} (ms)"
    before, after = ((shown.rate if is_rate else shown.milliseconds)(value) for value in (line.before, line.after))
    interval = f"{line.ratio.low:.3f} to {line.ratio.high:.3f}"
    return (line.title, name, before, after, f"{line.ratio.value:.3f}", interval, line.verdict, line.remark)
