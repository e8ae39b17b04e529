"""Where a Locust process puts what it counted: into files, or into the hands of its master."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from scalelab.contracts.model import Contract
from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.load.locust_options import UserBehaviour
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import replace_file, write_histograms
from scalelab.lab.results.recording import (
    HISTOGRAM_FILE,
    RECORDING_FILE,
    TASKS_FILE,
    TIMELINE_FILE,
    Recording,
    TimelineRow,
)

SHARE_MESSAGE = "scalelab_share"
PART_MESSAGE = "scalelab_part"
KeptHistograms = Mapping[str, HdrHistogram]


class Share(Contract):
    """From a master to one of its workers: what is its share of the load."""

    part: int = Field(ge=0)
    parts: int = Field(ge=1)
    behaviour: UserBehaviour


class PartBooks(Contract):
    """From a worker to its master: what it counted."""

    part: int
    rows: tuple[TimelineRow, ...] = ()
    """New since the message before."""
    recording: Recording | None = None
    histograms: dict[str, str] = Field(default_factory=dict)
    """By tag, encoded; not in every message."""
    tasks: tuple[AcknowledgedTask, ...] = ()
    """Acknowledged since the message before."""


class Outlet(Protocol):
    """Takes what a process counted."""

    def rows(self, rows: Sequence[TimelineRow]) -> None:
        """Seconds that are over."""

    def books(self, recording: Recording, histograms: KeptHistograms | None) -> None:
        """Everything so far; None: the histograms will come later. Nothing follows a final recording."""

    def tasks(self, tasks: Sequence[AcknowledgedTask]) -> None:
        """Acknowledged since the last call, for whoever looks up afterwards what became of them."""


class FileOutlet:
    """The files of a scenario; none when there is no directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def rows(self, rows: Sequence[TimelineRow]) -> None:
        """See `Outlet`."""
        if self._directory:
            with (Path(self._directory) / TIMELINE_FILE).open("a", encoding="utf-8") as file:
                file.writelines(row.model_dump_json() + "\n" for row in rows)

    def books(self, recording: Recording, histograms: KeptHistograms | None) -> None:
        """See `Outlet`."""
        if not self._directory:
            return
        directory, window = Path(self._directory), recording.window
        if histograms is not None:
            write_histograms(directory / HISTOGRAM_FILE, histograms, window.start_s, window.end_s - window.start_s)
        replace_file(directory / RECORDING_FILE, recording.model_dump_json(indent=1))

    def tasks(self, tasks: Sequence[AcknowledgedTask]) -> None:
        """See `Outlet`."""
        if self._directory and tasks:
            with (Path(self._directory) / TASKS_FILE).open("a", encoding="utf-8") as file:
                file.writelines(task.model_dump_json() + "\n" for task in tasks)


class MasterOutlet:
    """The master of a Locust worker; `part` is known when the load begins."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self.part = 0

    def rows(self, rows: Sequence[TimelineRow]) -> None:
        """See `Outlet`."""
        self._send(PartBooks(part=self.part, rows=tuple(rows)))

    def books(self, recording: Recording, histograms: KeptHistograms | None) -> None:
        """See `Outlet`."""
        encoded = {tag: histogram.encode() for tag, histogram in (histograms or {}).items()}
        self._send(PartBooks(part=self.part, recording=recording, histograms=encoded))

    def tasks(self, tasks: Sequence[AcknowledgedTask]) -> None:
        """See `Outlet`."""
        if tasks:
            self._send(PartBooks(part=self.part, tasks=tuple(tasks)))

    def _send(self, books: PartBooks) -> None:
        self._runner.send_message(PART_MESSAGE, books.model_dump_json())
