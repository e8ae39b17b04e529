"""`scalelab report`: tables, sentences and graphs, rebuilt from the files of a run alone."""

from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.run_table import exit_code, print_summary
from scalelab.lab.report.build import BuiltReport, build_report


def report(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Directory of a run.")] = Path(
        "tests/results/latest"
    ),
    reports: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("tests/reports"),
) -> int:
    """Report a run: summary.md, report.html, PNG and SVG graphs.

    Exit code 3 if it is not whole or not valid, 4 if an objective of its [slo] is violated or a prediction missed.
    """
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
    return exit_code(built.content)


def _tell(built: BuiltReport) -> None:
    content = built.content
    print_summary(content)
    for sentence in (*content.objective_lines, *content.findings, *content.verdict_sentences):
        print(f"- {sentence}")
    for sentence in content.missing:
        print(f"Missing: {sentence}")
    print("Written:")
    for file in built.files:
        print(f"  {file}")
