"""Each judge passes what is right, and fails the mistake that it is there for."""

import pytest

from scalelab.lab.capacity.search import Estimate
from scalelab.lab.load.percentiles import LatencyFigures
from scalelab.lab.load.result import LoadResult
from scalelab.lab.results.run_record import Caveat
from scalelab.lab.selftest import judges
from scalelab.lab.selftest.lines import worst


def figures(count=0, **values):
    known = dict.fromkeys(("mean", "min", "p50", "p90", "p95", "p99", "p99_9", "max"))
    return LatencyFigures(count=count, **{**known, **values})


def result(**changes):
    """Of 100 good requests, unless it is said otherwise."""
    values = {
        "offered": 100,
        "sent": 100,
        "not_sent": 0,
        "completed": 100,
        "failed": 0,
        "timed_out": 0,
        "censored": 0,
        "duration_s": 1.0,
        "rate_per_s": 100.0,
        "latency_intended_s": figures(100, mean=0.051, min=0.0502, p50=0.051, p90=0.052, max=0.053),
        "latency_actual_s": figures(100),
        "latency_at_least_s": figures(100),
        "latency_failed_s": figures(0),
        "failure_kinds": {},
        "statuses": {"200": 100},
        "defects": {},
        "oldest_censored_s": None,
        "validities": ("valid",),
        "caveats": (),
    }
    return LoadResult.model_construct(**{**values, **changes})


def delay(**changes):
    return judges.fixed_delay(result(**changes), delay_s=0.05, rate_per_s=100)


def freeze(**latencies):
    told = {"p50": 0.2, "p90": 0.6, "max": 0.7, **latencies}
    frozen = result(latency_intended_s=figures(100, **told))
    return judges.freeze(frozen, frozen_s=0.7, duration_s=1.0, rate_per_s=100)


def accept(**latencies):
    slow = result(latency_intended_s=figures(100, **{"max": 4.01, **latencies}))
    return judges.slow_accept(slow, accept_s=0.05, rate_per_s=100, duration_s=1.0)


def resets(**changes):
    right = {
        "completed": 90,
        "failed": 10,
        "failure_kinds": {"connection reset": 10},
        "latency_intended_s": figures(90),
        "validities": ("too-many-failures",),
    }
    return judges.resets(result(**{**right, **changes}), every=10)


def refusals(**changes):
    right = {
        "completed": 75,
        "failed": 25,
        "statuses": {"200": 75, "503": 25},
        "latency_intended_s": figures(75, p50=0.051),
        "latency_failed_s": figures(25, p50=0.001),
        "validities": ("too-many-failures",),
    }
    return judges.refusals(result(**{**right, **changes}), refused=25, delay_s=0.05)


def bodies(**changes):
    right = {"completed": 90, "failed": 10, "defects": {"torn": 10}, "validities": ("wrong-answers",)}
    return judges.wrong_bodies(result(**{**right, **changes}), torn=10)


def cut(**changes):
    right = {
        "completed": 50,
        "censored": 50,
        "oldest_censored_s": 1.5,
        "validities": ("censored",),
    }
    return judges.cut(result(**{**right, **changes}), answer_s=1.5, drain_s=0.5, rate_per_s=50)


def reach(**changes):
    right = {
        "sent": 40,
        "not_sent": 60,
        "completed": 40,
        "validities": ("generator-limited",),
        "caveats": (Caveat(kind="generator-out-of-slots", text="", advice=""),),
    }
    return judges.out_of_reach(result(**{**right, **changes}), most_per_s=40)


def dead(**changes):
    right = {
        "completed": 0,
        "failed": 100,
        "failure_kinds": {"connection refused": 100},
        "latency_intended_s": figures(0),
        "latency_at_least_s": figures(0),
        "validities": ("no-data",),
    }
    return judges.dead_port(result(**{**right, **changes}))


def alone(mean=0.02, rate=49.5):
    return judges.one_at_a_time(result(latency_intended_s=figures(100, mean=mean), rate_per_s=rate))


def little(mean=0.05, rate=199.0):
    busy = result(latency_intended_s=figures(100, mean=mean), rate_per_s=rate)
    return judges.users(busy, number=50, think_s=0.2)


def found():
    return judges.capacity(Estimate(79.0, 78.0, 80.5), limit_per_s=80.0)


@pytest.mark.parametrize(
    "lines",
    [delay(), freeze(), accept(), resets(), refusals(), bodies(), cut(), reach(), dead(), alone(), little(), found()],
)
def test_what_is_right_passes(lines):
    """The truth of each server."""
    assert worst(line.verdict for line in lines) == "pass"


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        pytest.param(delay(completed=99), "books balance", id="a request lost from the books"),
        pytest.param(
            delay(latency_intended_s=figures(100, mean=0.051, min=0.0502, p50=0.05, p90=0.05, max=0.05, p95=0.05)),
            None,
            id="exactly the delay is right",
        ),
        pytest.param(
            delay(latency_intended_s=figures(100, mean=0.04, min=0.0, p50=0.05)), "least latency", id="errors as 0 ms"
        ),
        pytest.param(delay(rate_per_s=50.0), "rate", id="half the rate"),
        pytest.param(freeze(p50=0.001, p90=0.002), "p90 latency", id="coordinated omission"),
        pytest.param(freeze(max=0.05), "greatest latency", id="the freeze cut off"),
        pytest.param(accept(max=0.06), "greatest latency", id="the wait for a connection left out"),
        pytest.param(resets(failed=0, completed=100), "failed", id="resets dropped"),
        pytest.param(resets(latency_failed_s=figures(10, p50=0.0)), "latencies of failures", id="resets as answers"),
        pytest.param(resets(validities=("valid",)), "validity", id="a flood of failures, and valid"),
        pytest.param(
            refusals(latency_intended_s=figures(100, p50=0.001)), "latencies of good answers", id="503s mixed in"
        ),
        pytest.param(bodies(defects={}, completed=100, failed=0), "torn answers", id="status codes only"),
        pytest.param(cut(censored=0, sent=50, offered=50), "censored", id="requests in flight dropped"),
        pytest.param(cut(latency_at_least_s=figures(50)), "latencies with their lower bounds", id="no lower bounds"),
        pytest.param(reach(not_sent=0, offered=40, validities=("valid",)), "validity", id="the rate claimed"),
        pytest.param(reach(sent=100, completed=100, not_sent=0), "sent", id="more than the connections carry"),
        pytest.param(dead(latency_intended_s=figures(100, p50=0.0)), "latencies", id="refused in 0 ms"),
        pytest.param(alone(mean=0.01), "X R", id="half the latency"),
        pytest.param(little(rate=300.0), "X (R + Z)", id="more users than there are"),
        pytest.param(judges.false_alarms(21, 400), "differences found where there is none", id="too many alarms"),
        pytest.param(judges.false_alarms(0, 0), "differences found where there is none", id="nothing compared"),
        pytest.param(judges.capacity(Estimate(40.0, 39.0, 41.0), limit_per_s=80.0), "capacity", id="half of it"),
        pytest.param(judges.capacity(None, limit_per_s=80.0), "capacity", id="no capacity found"),
    ],
)
def test_each_mistake_is_found(lines, what):
    """The line that is there for it fails."""
    failed = [line.what for line in lines if line.verdict == "fail"]

    assert (what in failed) if what else not failed
