"""What each machine says of itself."""

import pytest

from scalelab.lab.load.crew import Generator
from scalelab.lab.load.generator_messages import Report
from scalelab.lab.load.machines import machines_of
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.tally import Tally


def row(second, cpu_s):
    return SecondRow(
        start_s=second,
        end_s=second + 1.0,
        sent=1,
        completed=1,
        failed=0,
        timed_out=0,
        latency_sum_s=0.1,
        in_flight=0,
        cpu_s=cpu_s,
    )


def generator(machine, lags_s=(), *, is_final=True, machine_cpu_share=0.3, cpu_s=0.1, uncertainty_s=0.001):
    made = Generator(0, process=None, machine=machine)
    tally = Tally()
    tally.counts["sent"] = len(lags_s)
    for lag_s in lags_s:
        tally.lag.enter(lag_s)
    ready = Report(kind="ready", clock_uncertainty_s=uncertainty_s)
    last = Report(
        kind="final" if is_final else "progress",
        tally=tally.as_json(),
        machine_cpu_share=machine_cpu_share if is_final else None,
        row=row(0, cpu_s),
    )
    for report in (ready, last):
        made.take(report.model_dump_json().encode() + b"\n")
    return made


def test_one_late_machine_is_seen_among_many():
    """Of 400 requests of each of two, one machine's were 50 ms late."""
    late, prompt = machines_of([generator("a:1", [0.05] * 400), generator("b:1", [0.0001] * 400)], 10.0)

    assert late.lag_p99_s == pytest.approx(0.05, rel=0.01)
    assert prompt.lag_p99_s == pytest.approx(0.0001, rel=0.01)
    assert (late.sent, prompt.sent) == (400, 400)


def test_processes_of_a_machine_are_told_together():
    """The busiest of them counts, and the worst clock."""
    (machine,) = machines_of(
        [generator("a:1", cpu_s=0.2, uncertainty_s=0.004), generator("a:1", cpu_s=0.9, machine_cpu_share=0.5)], 10.0
    )

    assert machine.processes == 2
    assert machine.cpu_share == pytest.approx(0.9)
    assert machine.machine_cpu_share == 0.5
    assert machine.clock_uncertainty_s == 0.004
    assert machine.losses == ()


def test_a_lost_process_has_a_reason():
    """Its last words."""
    lost = generator("a:1", [0.001], is_final=False)
    lost.last_words = b"Traceback ...\nthe connection to it was lost\n"

    (machine,) = machines_of([lost], 10.0)

    assert machine.losses == ("the connection to it was lost",)
    assert machine.machine_cpu_share is None
    assert machine.sent == 1


def test_the_cpu_share_is_that_of_the_sending():
    """A long idle drain does not hide a busy generator."""
    busy = generator("a:1", cpu_s=0.95)
    busy.rows = [row(second, 0.95 if second < 10 else 0.0) for second in range(40)]

    (machine,) = machines_of([busy], 10.0)

    assert machine.cpu_share == pytest.approx(0.95)
