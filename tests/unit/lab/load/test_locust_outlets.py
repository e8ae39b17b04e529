"""Where a Locust process puts what it counted."""

from scalelab.lab.correctness.acknowledged import AcknowledgedTask
from scalelab.lab.load.locust_outlets import PART_MESSAGE, FileOutlet, MasterOutlet, PartBooks
from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.measured_files import read_measured
from scalelab.lab.results.recording import TASKS_FILE, TimelineRow
from scalelab.lab.results.run_record import Window


class Runner:
    def __init__(self):
        self.sent = []

    def send_message(self, kind, text):
        self.sent.append((kind, PartBooks.model_validate_json(text)))


def recording():
    return LoadRecorder(("/data",), Window(start_s=0.0, end_s=1.0), lambda: 0.0, lambda: 0.0).recording()


def histogram():
    made = HdrHistogram()
    made.record(1500)
    return made


def test_files_are_those_of_a_scenario(tmp_path):
    """As the analysis reads them."""
    outlet = FileOutlet(str(tmp_path))
    outlet.rows([TimelineRow(second=0, sent=3)])
    outlet.books(recording(), {"actual:/data:completed": histogram()})

    measured = read_measured(tmp_path)

    assert [row.sent for row in measured.timeline] == [3]
    assert measured.histograms["actual:/data:completed"].count == 1


def test_tasks_are_written_as_they_are_acknowledged(tmp_path):
    """An hour's tasks are not kept in memory."""
    outlet = FileOutlet(str(tmp_path))
    for task_id in ("a", "b"):
        outlet.tasks([AcknowledgedTask(id=task_id, subject="student", submitted_at_s=1.0)])

    lines = (tmp_path / TASKS_FILE).read_text(encoding="utf-8").splitlines()

    assert [AcknowledgedTask.model_validate_json(line).id for line in lines] == ["a", "b"]


def test_without_a_directory_nothing_is_written(tmp_path, monkeypatch):
    """Locust's own use of the locustfile needs none."""
    monkeypatch.chdir(tmp_path)
    outlet = FileOutlet("")
    outlet.rows([TimelineRow(second=0)])
    outlet.books(recording(), {})

    assert list(tmp_path.iterdir()) == []


def test_a_master_is_told_the_same_with_the_part_it_is_of():
    """A histogram arrives as it was."""
    runner = Runner()
    outlet = MasterOutlet(runner)
    outlet.part = 3
    outlet.rows([TimelineRow(second=0, sent=3)])
    outlet.books(recording(), {"tag": histogram()})

    (first_kind, first), (_, second) = runner.sent
    decoded = HdrHistogram()
    decoded.decode_and_add(second.histograms["tag"])
    assert first_kind == PART_MESSAGE
    assert (first.part, first.rows[0].sent, first.recording) == (3, 3, None)
    assert second.recording == recording()
    assert decoded.count == 1
