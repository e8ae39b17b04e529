"""Reads what the load driver left of a repetition. A file that is missing or torn is None, or empty."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from scalelab.contracts.faults import FaultTrace
from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.probes.rows import PROBES_FILE, ProbeRow
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import read_histograms
from scalelab.lab.results.recording import (
    FAULTS_FILE,
    HISTOGRAM_FILE,
    RECORDING_FILE,
    TASKS_FILE,
    TIMELINE_FILE,
    Recording,
    TimelineRow,
)

RowT = TypeVar("RowT", TimelineRow, ProbeRow, FaultTrace, AcknowledgedTask)


@dataclass(frozen=True)
class Measured:
    """What there is."""

    recording: Recording | None
    timeline: tuple[TimelineRow, ...]
    histograms: Mapping[str, HdrHistogram]
    """By tag, see `histogram_log`."""
    probes: tuple[ProbeRow, ...] = ()
    """Every process, once a second."""
    faults: tuple[FaultTrace, ...] = ()
    """What was done to the system on purpose."""


def read_measured(directory: Path) -> Measured:
    """Everything of one repetition."""
    return Measured(
        recording=_read_recording(directory / RECORDING_FILE),
        timeline=read_timeline(directory / TIMELINE_FILE),
        histograms=_read_histograms(directory / HISTOGRAM_FILE),
        probes=_read_rows(ProbeRow, directory / PROBES_FILE),
        faults=_read_rows(FaultTrace, directory / FAULTS_FILE),
    )


def read_timeline(file: Path) -> tuple[TimelineRow, ...]:
    """Whole lines in order; a torn last line is left out."""
    return _read_rows(TimelineRow, file)


def read_tasks(directory: Path) -> tuple[AcknowledgedTask, ...]:
    """Tasks whose hand-in was acknowledged; empty when the load was not one that hands in tasks."""
    return _read_rows(AcknowledgedTask, directory / TASKS_FILE)


def _read_rows(model: type[RowT], file: Path) -> tuple[RowT, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(row for line in lines if (row := _row(model, line)) is not None)


def _row(model: type[RowT], line: str) -> RowT | None:
    try:
        return model.model_validate_json(line)
    except ValidationError:
        return None


def _read_recording(file: Path) -> Recording | None:
    try:
        return Recording.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def _read_histograms(file: Path) -> Mapping[str, HdrHistogram]:
    try:
        return read_histograms(file)
    except (OSError, ValueError):
        return {}
