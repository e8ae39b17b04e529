"""What a person sees of a load."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from scalelab.cli.load_view import live_line, print_result
from scalelab.lab.load.honesty import judged
from scalelab.lab.load.machines import MachineResult
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import LoadOutcome, Progress
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.result import result_of
from scalelab.lab.load.tally import Tally

PLAN = LoadPlan(
    requests=(RequestTemplate(url="http://a/"), RequestTemplate(name="[bold]x", url="http://a/x")),
    load=OpenLoad(rate_per_s=10),
    duration_s=10,
)


@pytest.fixture
def outcome():
    tally = Tally()
    for _ in range(100):
        tally.histogram("intended", 0, "completed").enter(0.0575)
        tally.histogram("actual", 0, "completed").enter(0.05)
    tally.counts.update(
        offered=103, sent=102, completed=100, failed=1, timed_out=0, censored=1, completed_in_window=100
    )
    tally.failure_kinds["connection reset [x]"] = 1
    tally.censored_ages.enter(11.0)
    return LoadOutcome(PLAN, tally, [], started_at_unix_s=0.0, elapsed_s=20.0, window_s=10.0)


def test_the_table_has_everything_with_units(outcome):
    """Books, both time bases, failures by kind, validity with advice; - where nothing can be told."""
    text = io.StringIO()

    print_result(Console(file=text, width=120), judged(result_of(outcome), outcome))

    lines = text.getvalue()
    assert ["103", "102", "100", "1", "0", "1", "10.0", "0.99%"] in [line.split() for line in lines.splitlines()]
    words = [line.split() for line in lines.splitlines()]
    assert ["from", "intended", "start", "100", "57.500", "57.500", "-", "-", "57.500", "57.500"] in words
    assert ["unanswered,", "at", "least", "101"] in [line[:4] for line in words]
    assert "latency in ms" in lines
    assert "connection reset [x]" in lines
    assert "[bold]x" in lines
    assert "validity: censored" in lines
    assert "--drain" in lines


def test_several_machines_are_told_one_by_one(outcome):
    """With what each says of itself; a single one is not worth a table."""
    machine = MachineResult(
        name="a:1",
        processes=2,
        losses=(),
        sent=51,
        cpu_share=0.2,
        machine_cpu_share=None,
        lag_p99_s=0.0004,
        lag_max_s=0.001,
        clock_uncertainty_s=0.00025,
    )
    lost = machine.model_copy(update={"name": "b:1", "losses": ("gone",), "lag_p99_s": None})

    def words_of(*machines):
        text, shown = io.StringIO(), replace(outcome, machines=machines)
        print_result(Console(file=text, width=140), judged(result_of(shown), shown))
        return [line.split() for line in text.getvalue().splitlines()]

    told = words_of(machine, lost)
    assert ["a:1", "2", "0", "51", "20%", "-", "0.40", "0.25"] in told
    assert ["b:1", "2", "1", "51", "20%", "-", "-", "0.25"] in told
    assert not any(line[:1] == ["a:1"] for line in words_of(machine))


def test_the_live_line_says_where_it_is(outcome):
    """Time, rate of the last second, what is under way."""
    row = SecondRow(
        start_s=2.0,
        end_s=3.0,
        sent=10,
        completed=9,
        failed=0,
        timed_out=0,
        latency_sum_s=1.0,
        in_flight=1,
        cpu_s=0.1,
    )

    assert live_line(PLAN, Progress(3.0, outcome.tally, [row])) == "3 of 10 s  9/s  sent 102  in flight 0  failed 1"
    assert live_line(PLAN, Progress(11.0, outcome.tally)).startswith("drain  sent 102")
