"""Reads what the load driver left of a repetition. A file that is missing or torn is None, or empty."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hdrh.histogram import HdrHistogram
from pydantic import ValidationError

from scalelab.lab.results.histogram_log import read_histograms
from scalelab.lab.results.recording import HISTOGRAM_FILE, RECORDING_FILE, TIMELINE_FILE, Recording, TimelineRow


@dataclass(frozen=True)
class Measured:
    """What there is."""

    recording: Recording | None
    timeline: tuple[TimelineRow, ...]
    histograms: Mapping[str, HdrHistogram]
    """By tag, see `histogram_log`."""


def read_measured(directory: Path) -> Measured:
    """Everything of one repetition."""
    return Measured(
        recording=_read_recording(directory / RECORDING_FILE),
        timeline=read_timeline(directory / TIMELINE_FILE),
        histograms=_read_histograms(directory / HISTOGRAM_FILE),
    )


def read_timeline(file: Path) -> tuple[TimelineRow, ...]:
    """Whole lines in order; a torn last line is left out."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(row for line in lines if (row := _row(line)) is not None)


def _row(line: str) -> TimelineRow | None:
    try:
        return TimelineRow.model_validate_json(line)
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
