"""`scalelab report`: tables, sentences and graphs, rebuilt from the files of one run or several."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import AsJson
from scalelab.cli.run_table import exit_code, print_summary
from scalelab.lab.report.build import BuiltReport, build_report, write_index
from scalelab.lab.report.document import document_of
from scalelab.lab.report.run_index import IndexedRun

LATEST_RUN = Path("tests/results/latest")
INDEX_TITLE = "Reports"


def report(
    run_directories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN_DIR", help="Directory of a run; of several, an index compares them."),
    ] = None,
    reports: Annotated[Path, typer.Option(help="Where the report goes.")] = Path("tests/reports"),
    as_json: AsJson = False,
) -> int:
    """Report a run: summary.md, report.html, PNG and SVG graphs; of several runs, each and an index.

    Exit code 3 if one is not whole or not valid, 4 if an objective of its [slo] is violated or a prediction missed.
    """
    runs = run_directories or [LATEST_RUN]
    for run in runs:
        if not run.is_dir():
            raise CommandError(
                f"there is no run directory {run}: give one, or make one with `scalelab run`", ExitCode.USAGE
            )
    try:
        built = [build_report(runs[0], reports)] if len(runs) == 1 else _build_each(runs, reports)
    except OSError as error:
        raise CommandError(
            f"the report cannot be written to {reports} ({error.strerror or error}): "
            f"give another place with --reports",
            ExitCode.USAGE,
        ) from error
    if as_json:
        documents = [document_of(one.content) | {"files": [str(file) for file in one.files]} for one in built]
        print(json.dumps(documents[0] if len(documents) == 1 else documents, indent=1))
    else:
        for one in built:
            _tell(one)
        if len(built) > 1:
            print(f"Index: {reports / 'index.html'}")
    return max(exit_code(one.content) for one in built)


def _build_each(runs: Sequence[Path], reports: Path) -> list[BuiltReport]:
    """Each in a folder named after its run, and an index beside them."""
    folders = _folder_names(runs)
    built = [build_report(run, reports / folder) for run, folder in zip(runs, folders, strict=True)]
    indexed = [IndexedRun(folder, one.content, folder) for folder, one in zip(folders, built, strict=True)]
    write_index(indexed, reports, INDEX_TITLE)
    return built


def _folder_names(runs: Sequence[Path]) -> list[str]:
    """The directories' own names, `latest` being what it points at; numbered where two are the same."""
    names = [run.resolve().name for run in runs]
    return [name if names.count(name) == 1 else f"{name}-{place}" for place, name in enumerate(names, start=1)]


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
