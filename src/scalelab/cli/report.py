"""`scalelab report`: tables, sentences and graphs, rebuilt from the files of a run alone."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.report.build import BuiltReport, build_report

LEAST_WIDTH = 140
"""Of the table, also where the output goes into a file."""


def report(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of a run.")] = Path(
        "tests/results/latest"
    ),
    reports: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("tests/reports"),
) -> int:
    """Report a run: summary.md, report.html, PNG and SVG graphs. Exit code 3 if it is not whole or not valid."""
    if not run_directory.is_dir():
        raise CommandError(
            f"there is no run directory {run_directory}: give one, or make one with `scalelab run`", ExitCode.USAGE
        )
    try:
        built = build_report(run_directory, reports)
    except OSError as error:
        raise CommandError(
            f"the report cannot be written to {reports} ({error.strerror or error}): "
            f"give another place with --reports",
            ExitCode.USAGE,
        ) from error
    _tell(built)
    return ExitCode.DONE if built.content.is_valid else ExitCode.NOT_VALID


def _tell(built: BuiltReport) -> None:
    content = built.content
    console = Console()
    console.width = max(console.width, LEAST_WIDTH)
    if content.summary.rows:
        console.print(_table(content.summary.head, content.summary.rows))
    for sentence in content.findings:
        print(f"- {sentence}")
    for sentence in content.missing:
        print(f"Missing: {sentence}")
    print("Written:")
    for file in built.files:
        print(f"  {file}")


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    table = Table()
    for index, name in enumerate(head):
        is_last = index == len(head) - 1
        table.add_column(
            name,
            justify="right" if index > 0 and not is_last else "left",
            no_wrap=index == 0,
            min_width=18 if is_last else None,
        )
    for row in rows:
        table.add_row(*row)
    return table
