"""Better, worse or undecided, with runs whose truth is known."""

import numpy as np
import pytest

from scalelab.lab.analysis.statistics import Interval
from scalelab.lab.comparison import ComparisonError, compare_runs, parse_effect, verdict_of
from scalelab.lab.report.scenario_figures import figures_of
from scalelab.lab.results.run_record import LatencySummary, RunRecord


def latency(mean_s):
    return LatencySummary(
        count=9000, mean_s=mean_s, p50_s=mean_s, p90_s=mean_s, p99_s=1.2 * mean_s, p99_9_s=None, max_s=2 * mean_s
    )


@pytest.fixture
def runs():
    """Call it with rates, one a run, and perhaps means; a record of each, in one scenario."""

    def of(rates, means=None, name="a", validity=("valid",)):
        records = [
            _RECORD.model_copy(
                update={
                    "scenario": name,
                    "title": name,
                    "repetition": number,
                    "throughput_per_s": float(rate),
                    "latency": latency(float(mean_s)),
                    "validity": validity,
                }
            )
            for number, (rate, mean_s) in enumerate(zip(rates, means or [1.0] * len(rates), strict=True), start=1)
        ]
        return figures_of(records)

    return of


_RECORD = RunRecord.model_validate(
    {
        "experiment": "classic",
        "scenario": "a",
        "title": "a",
        "repetition": 1,
        "factors": {},
        "started_at": "2026-01-01T00:00:00+00:00",
        "driver": "locust",
        "users": 100,
        "think_time_mean_s": 1.5,
        "load_duration_s": 60.0,
        "window": {"start_s": 12.0, "end_s": 60.0},
        "books": {
            "offered": 9000,
            "not_sent": 0,
            "sent": 9000,
            "completed": 9000,
            "failed": 0,
            "timed_out": 0,
            "censored": 0,
            "completed_in_drain": 0,
        },
        "throughput_per_s": 100.0,
        "failures": 0,
        "latency": latency(1.0).model_dump(),
        "routes": (),
        "little": None,
        "cache": {"hits": 0, "misses": 9000, "hit_ratio": 0.0, "expected": "miss", "required_ratio": 0.99},
        "replicas": {"answers": {}, "jain_index": None},
        "prediction": None,
        "naive": {"requests": 9000, "mean_s": 1.0, "throughput_per_s": 100.0, "failures": 0},
        "validity": ("valid",),
        "caveats": (),
    }
)


@pytest.mark.parametrize(
    ("ratio", "is_higher_better", "verdict", "words"),
    [
        (Interval(0.90, 0.85, 0.95), True, "worse", ""),
        (Interval(0.90, 0.85, 0.95), False, "better", ""),
        (Interval(1.10, 1.05, 1.15), True, "better", ""),
        (Interval(0.90, 0.79, 1.01), True, "undecided", "too wide"),
        (Interval(1.00, 0.97, 1.03), True, "undecided", "no difference above 5 %"),
        (Interval(0.97, 0.96, 0.98), True, "undecided", "no difference above 5 %"),
        (Interval(0.96, 0.94, 0.98), True, "undecided", "smaller than 5 %"),
    ],
)
def test_the_verdict_needs_an_interval_without_1_and_an_effect_of_interest(ratio, is_higher_better, verdict, words):
    """Everything else is undecided, for a reason that is told."""
    told, remark = verdict_of(ratio, 0.05, is_higher_better=is_higher_better)

    assert told == verdict
    assert words in remark


def test_a_run_compared_with_itself_raises_few_false_alarms(runs, monkeypatch):
    """600 A/A comparisons of two scenarios and three figures each: at most 5 % say better or worse of anything."""
    monkeypatch.setattr("scalelab.lab.comparison.RESAMPLES", 400)
    draws = np.random.default_rng(7)

    def side(repetitions, spread):
        return [
            figures
            for name in ("a", "b")
            for figures in runs(
                draws.normal(100, 100 * spread, repetitions),
                list(draws.lognormal(0, spread, repetitions)),
                name=name,
            )
        ]

    alarms = 0
    for repetitions, spread in ((3, 0.1), (5, 0.02), (8, 0.1)):
        for _ in range(200):
            comparison = compare_runs(side(repetitions, spread), side(repetitions, spread))
            alarms += comparison.has("better") or comparison.has("worse")

    assert alarms <= 30


def test_a_real_loss_is_found(runs):
    """A fifth less, with five runs of 2 % spread on each side."""
    before = runs([100, 102, 98, 101, 99])
    after = runs([80, 81, 79, 82, 78])

    comparison = compare_runs(before, after, metrics=("throughput",))

    (line,) = comparison.lines
    assert line.verdict == "worse"
    assert line.ratio.value == pytest.approx(0.8)
    assert (line.before, line.after) == (100.0, 80.0)


def test_what_is_not_valid_is_not_compared(runs):
    """With both reasons."""
    comparison = compare_runs(runs([1, 2], validity=("censored",)), runs([1, 2]))

    assert comparison.lines == ()
    assert comparison.skipped[0].reason == "not valid: A is censored"


def test_one_run_has_no_interval_and_no_verdict(runs):
    """And the way to get one."""
    comparison = compare_runs(runs([100]), runs([50]))

    assert comparison.lines == ()
    assert "--repeat" in comparison.skipped[0].reason


def test_a_scenario_of_one_run_only_is_named(runs):
    """In either."""
    comparison = compare_runs(runs([1, 2], name="a"), runs([1, 2], name="b"))

    assert [(skipped.scenario, skipped.reason) for skipped in comparison.skipped] == [
        ("a", "only in A"),
        ("b", "only in B"),
    ]


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.5 %", 0.005)])
def test_an_effect_is_a_share(text, share):
    """Of A."""
    assert parse_effect(text) == share


@pytest.mark.parametrize("text", ["5", "0%", "100%", "-3%", ""])
def test_what_is_no_effect_is_refused(text):
    """Nothing is guessed."""
    with pytest.raises(ComparisonError, match="such as 5%"):
        parse_effect(text)
