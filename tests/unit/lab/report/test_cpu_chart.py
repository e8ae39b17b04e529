"""CPU of each process over the window."""

from pathlib import Path

import pytest

from scalelab.lab.load.locust_recorder import LoadRecorder
from scalelab.lab.probes.rows import ProbeRow
from scalelab.lab.report.cpu_chart import cores_by_instance, cpu_chart
from scalelab.lab.results.measured_files import Measured
from scalelab.lab.results.reading import StoredRepetition
from scalelab.lab.results.run_record import Window

START_UNIX_S = 1000.0


@pytest.fixture
def stored(record):
    """Call it with (second since the start, instance, CPU seconds); the window is 12 to 60 s."""

    def of(*seen, repetition=1):
        window = Window(start_s=12.0, end_s=60.0)
        recording = LoadRecorder(("/data",), window, lambda: 0.0, lambda: START_UNIX_S).recording()
        probes = tuple(
            ProbeRow(unix_s=START_UNIX_S + second, instance=instance, service=instance, cpu_s=cpu_s)
            for second, instance, cpu_s in seen
        )
        return StoredRepetition(Path(), record(repetition=repetition), Measured(recording, (), {}, probes))

    return of


def test_cores_are_seconds_over_seconds_within_the_window(stored):
    """What came before the window, in the ramp, does not count; the machine is no process."""
    seen = [(5, "a", 0.0), (20, "a", 9.0), (40, "a", 14.0), (20, "machine", 1.0), (40, "machine", 30.0)]

    assert cores_by_instance(stored(*seen)) == {"a": 0.25}


def test_what_was_seen_once_or_started_again_has_no_figure(stored):
    """A process that starts again counts from zero."""
    assert cores_by_instance(stored((20, "once", 1.0), (20, "again", 5.0), (40, "again", 1.0))) == {}


def test_only_the_first_run_is_drawn(stored):
    """Others are like it; the words have the figures."""
    seen = [(20, "a", 0.0), (40, "a", 10.0)]

    assert (
        cpu_chart([stored(*seen), stored(*seen, repetition=2)]).alt_text == "CPU by process. 1 gateway, miss: a 0.50"
    )


def test_without_probes_there_is_no_chart(stored):
    """Not an empty one."""
    assert cpu_chart([stored()]) is None
