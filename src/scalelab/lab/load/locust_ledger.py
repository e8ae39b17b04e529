"""The books of all workers of a Locust master, as they come, and as one. Never imports Locust."""

from collections import defaultdict

from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.load.locust_merging import merged_histograms, merged_recording, merged_row
from scalelab.lab.load.locust_outlets import Outlet, PartBooks
from scalelab.lab.results.recording import Recording, TimelineRow


class Ledger:
    """Of so many workers."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._recordings: dict[int, Recording] = {}
        self._histograms: dict[int, dict[str, str]] = {}
        self._tasks: list[AcknowledgedTask] = []
        self._rows: defaultdict[int, list[TimelineRow]] = defaultdict(list)

    def take(self, books: PartBooks) -> None:
        """What one worker says."""
        for row in books.rows:
            self._rows[row.second].append(row)
        self._tasks.extend(books.tasks)
        if books.recording is not None:
            self._recordings[books.part] = books.recording
            if books.histograms:
                self._histograms[books.part] = books.histograms

    @property
    def missing(self) -> int:
        """Workers that have not told their end."""
        return self._parts - sum(recording.is_final for recording in self._recordings.values())

    def rows(self, *, is_last: bool = False) -> list[TimelineRow]:
        """Seconds of which every worker has told, once each and in order; in the end the others, too."""
        whole = []
        for second in sorted(self._rows):
            if len(self._rows[second]) < self._parts and not is_last:
                break
            whole.append(merged_row(self._rows.pop(second)))
        return whole

    def write(self, outlet: Outlet, *, is_last: bool = False) -> None:
        """What there is."""
        outlet.rows(self.rows(is_last=is_last))
        if self._recordings:
            is_whole = not is_last or not self.missing
            recording = merged_recording(list(self._recordings.values()), is_whole=is_whole)
            outlet.tasks(self._tasks)
            self._tasks = []
            outlet.books(recording, merged_histograms(self._histograms.values()))
