"""The report's content of a run's directory: for the page, and for the table that a run ends with."""

from pathlib import Path

from scalelab.lab.report.content import ReportContent, make_content
from scalelab.lab.report.scenario_figures import histograms_of
from scalelab.lab.results.reading import StoredRun
from scalelab.lab.results.recording import TIMELINE_FILE
from scalelab.lab.results.run_directory import LATEST


def content_of_run(run: StoredRun) -> ReportContent:
    """Everything that can be said of what is there, and what is missing."""
    return make_content(run.manifest, run.records, _missing(run), histograms_of(run), run.predictions)


def _missing(run: StoredRun) -> tuple[str, ...]:
    without = [
        f"{stored.directory.parent.name}, repetition {stored.directory.name}: {TIMELINE_FILE} is missing or empty, "
        "so there is no time series"
        for stored in run.repetitions
        if not stored.measured.timeline
    ]
    empty = [] if run.repetitions else [f"no scenario was found in {run.directory}{_hint(run.directory)}"]
    return (*run.missing, *empty, *without)


def _hint(directory: Path) -> str:
    return f"; did you mean {directory / LATEST}?" if (directory / LATEST).is_dir() else ""
