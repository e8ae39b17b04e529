"""However many processes a load is dealt out to, they make the same load, and their books are the same."""

import random

import pytest

from scalelab.lab.load.generator import pacer_of
from scalelab.lab.load.generator_messages import Report
from scalelab.lab.load.keys import KeyPlan, key_iterator
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.recorder import MeasuredWindow, Recorder
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.tally import Tally

DURATION_S = 5.0
PARTS = [1, 2, 3, 8]
LOADS = {
    "even": OpenLoad(rate_per_s=97),
    "poisson": OpenLoad(rate_per_s=97, is_poisson=True),
    "ramp": OpenLoad(rate_per_s=10, shape="ramp", rates_per_s=(150,)),
    "replay": OpenLoad(shape="replay", offsets_s=tuple(number**1.5 / 100 for number in range(60))),
}


def plan(load, parts):
    return LoadPlan(
        requests=(RequestTemplate(url="http://a/"),), load=load, duration_s=DURATION_S, processes=parts, seed=7
    )


def taken_by(pacer):
    taken = []
    while pacer.due_s < DURATION_S:
        taken.append(pacer.take())
    return taken


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("name", LOADS)
def test_the_shares_of_a_schedule_are_the_schedule(name, parts):
    """No request more, none less, each at its time; and each share comes to every part in turn."""
    whole = taken_by(pacer_of(plan(LOADS[name], 1), 0))

    shares = [taken_by(pacer_of(plan(LOADS[name], parts), part)) for part in range(parts)]

    assert sorted(due_s for share in shares for due_s in share) == whole
    assert shares == [whole[part::parts] for part in range(parts)]


@pytest.mark.parametrize("parts", PARTS)
def test_no_two_parts_ask_for_the_same_unique_key(parts):
    """And together they ask for all."""
    keys = KeyPlan(distribution="unique", count=100)

    asked = sorted(key for part in range(parts) for key in key_iterator(keys, 7, part, parts))

    assert asked == list(range(1, 101))


def recorded(outcomes):
    """The books of one process, as they arrive at the coordinator: written, sent, read."""
    recorder = Recorder(MeasuredWindow(1.0, DURATION_S))
    for due_s, latency_s, kind in outcomes:
        recorder.start(0, due_s)
        recorder.enter_lag(latency_s / 100)
        if kind == "completed":
            recorder.complete(0, 200, due_s, due_s, due_s + latency_s)
        elif kind == "failed":
            recorder.fail_with_status(0, 503, due_s, due_s, due_s + latency_s)
        else:
            recorder.time_out(0, due_s, due_s, latency_s, due_s + latency_s)
    report = Report(kind="final", tally=recorder.snapshot(DURATION_S + 60, 0.0).as_json())
    return Tally.from_json(Report.model_validate_json(report.model_dump_json()).tally)


@pytest.mark.parametrize("parts", PARTS)
def test_merged_books_are_those_of_one_process(parts):
    """Counts and every bucket of every histogram: the same recorded answers, dealt out, lose nothing."""
    draws = random.Random(3)
    due = taken_by(pacer_of(plan(LOADS["poisson"], 1), 0))
    outcomes = [
        (due_s, draws.lognormvariate(-4, 1.5), draws.choices(["completed", "failed", "timed_out"], [8, 1, 1])[0])
        for due_s in due
    ]
    whole = recorded(outcomes)

    merged = Tally()
    for part in range(parts):
        merged.add(recorded(outcomes[part::parts]))

    assert merged.counts == whole.counts
    assert merged.histograms.keys() == whole.histograms.keys()
    for key, histogram in whole.histograms.items():
        assert_same(merged.histograms[key], histogram)
    assert_same(merged.lag, whole.lag)
    assert (merged.arrived, merged.statuses) == (whole.arrived, whole.statuses)
    assert merged.failure_kinds.total() == whole.failure_kinds.total()
    assert merged.in_flight_s == pytest.approx(whole.in_flight_s)


def assert_same(merged, whole):
    """But for the last bit of a sum, whose order is another."""
    merged_json, whole_json = merged.as_json(), whole.as_json()
    assert merged_json.pop("sum_s") == pytest.approx(whole_json.pop("sum_s"))
    assert merged_json == whole_json
