"""The books of all workers, as they come."""

import pytest

from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.load.locust_ledger import Ledger
from scalelab.lab.load.locust_outlets import PartBooks
from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import Window


class Outlet:
    def __init__(self):
        self.seconds = []
        self.recording = None
        self.acknowledged = []

    def rows(self, rows):
        self.seconds += [(row.second, row.sent) for row in rows]

    def books(self, recording, _histograms):
        self.recording = recording

    def tasks(self, tasks):
        self.acknowledged += [task.id for task in tasks]


def books(part, seconds=(), *, is_final=False):
    recorder = LoadRecorder(("/data",), Window(start_s=0.0, end_s=10.0), lambda: 1.0, lambda: 1000.0)
    recorder.complete(recorder.send("/data"))
    if is_final:
        recorder.finish()
    rows = tuple(TimelineRow(second=second, sent=1) for second in seconds)
    return PartBooks(part=part, rows=rows, recording=recorder.recording())


@pytest.fixture
def outlet():
    return Outlet()


def test_a_second_is_written_when_every_worker_has_told_of_it(outlet):
    """Once, and in order; what one has not told yet waits."""
    ledger = Ledger(2)
    ledger.take(books(0, [0, 1, 2]))
    ledger.take(books(1, [0]))
    ledger.write(outlet)
    ledger.take(books(1, [1]))
    ledger.write(outlet)

    assert outlet.seconds == [(0, 2), (1, 2)]
    assert outlet.recording.books.sent == 2
    assert not outlet.recording.is_final


def test_the_last_word_of_each_ends_the_load(outlet):
    """Then the seconds that only some had are written, too."""
    ledger = Ledger(2)
    ledger.take(books(0, [0, 1], is_final=True))
    assert ledger.missing == 1
    ledger.take(books(1, [0], is_final=True))
    assert ledger.missing == 0

    ledger.write(outlet, is_last=True)

    assert outlet.seconds == [(0, 2), (1, 1)]
    assert outlet.recording.is_final
    assert not outlet.recording.is_interrupted


def test_tasks_of_all_workers_are_looked_up_together(outlet):
    """Whichever handed them in, each told once."""
    ledger = Ledger(2)
    for part, task_id in enumerate(("a", "b")):
        task = AcknowledgedTask(id=task_id, subject="student", submitted_at_s=1.0)
        ledger.take(PartBooks(part=part, tasks=(task,)))
        ledger.take(books(part, is_final=True))
        ledger.write(outlet)

    ledger.write(outlet, is_last=True)

    assert outlet.acknowledged == ["a", "b"]


def test_a_worker_without_a_last_word_is_not_left_out_in_silence(outlet):
    """What it told before is in, and the load counts as interrupted."""
    ledger = Ledger(2)
    ledger.take(books(0, [0], is_final=True))
    ledger.take(books(1, [0]))

    ledger.write(outlet, is_last=True)

    assert outlet.recording.books.sent == 2
    assert outlet.recording.is_interrupted
