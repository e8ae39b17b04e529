"""`scalelab fit FILE.csv`: which law of scalability do these measurements support, and what does it say?"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.analysis.laws.measured_points import FitError
from scalelab.lab.laws.measurements import Series, read_measurements
from scalelab.lab.laws.telling import FittedSeries, documents_of, fit_series, parameter_text, sentences_of

GRAPH_FORMATS = (".png", ".svg")
_LEAST_WIDTH = 110


def fit(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Sizes and rates, with a head line.")],
    *,
    n: Annotated[str, typer.Option("--n", metavar="COLUMN", help="Size N: users, replicas, processors.")] = "",
    x: Annotated[str, typer.Option("--x", metavar="COLUMN", help="Throughput X.")] = "",
    series: Annotated[str, typer.Option("--series", metavar="COLUMN", help="What tells several series apart.")] = "",
    graph: Annotated[Path | None, typer.Option("--graph", metavar="FILE", help="Draw it, .png or .svg.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Fit linear, Amdahl, USL and asymptote to measured throughput, and say which one holds, with its doubt."""
    if graph is not None and graph.suffix.lower() not in GRAPH_FORMATS:
        raise CommandError(f"--graph {graph}: the name must end in .png or .svg", ExitCode.USAGE)
    try:
        fitted = [_fitted(one, file) for one in read_measurements(file, n, x, series)]
    except FitError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    if as_json:
        print(json.dumps(documents_of(fitted), indent=2))
    else:
        _print(fitted)
    if graph is not None:
        from scalelab.lab.laws.drawing import write_drawing  # noqa: PLC0415  half a second, for those who draw

        try:
            write_drawing(graph, fitted)
        except OSError as error:
            raise CommandError(f"cannot write {graph}: {error.strerror or error}", ExitCode.UNEXPECTED) from error


def _fitted(series: Series, file: Path) -> FittedSeries:
    try:
        return fit_series(series)
    except FitError as error:
        where = f"{file}, series {series.name!r}" if series.name else str(file)
        raise FitError(f"{where}: {error}") from error


def _print(fitted: list[FittedSeries]) -> None:
    console = result_console()
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console.width = _LEAST_WIDTH
    for one in fitted:
        table = Table("Law", "Parameters (95 %)", "Residual error", "AICc", title=one.series.name or None)
        for fit_ in one.fits:
            error = "-" if fit_.residual_error is None else f"{fit_.residual_error:.4g}"
            aicc = "-" if fit_.aicc == float("inf") else f"{fit_.aicc:.1f}"
            lines = "\n".join(f"{parameter.name} {parameter_text(parameter)}" for parameter in fit_.parameters)
            table.add_row(fit_.law.name, lines, error, aicc)
        console.print(table, highlight=False)
        for sentence in sentences_of(one):
            console.print(f"- {sentence}", highlight=False, markup=False)
