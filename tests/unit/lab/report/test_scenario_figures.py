"""Scenarios over their repetitions."""

import pytest

from scalelab.lab.report.scenario_figures import figures_of, in_order
from scalelab.lab.results.run_record import LatencySummary


def latency(count, mean_s):
    return LatencySummary(count=count, mean_s=mean_s, p50_s=None, p90_s=None, p99_s=None, p99_9_s=None, max_s=mean_s)


def test_means_are_weighted_by_their_counts(record):
    """100 requests of 1 s and 900 of 2 s: 1.9 s, not 1.5."""
    runs = (record(latency=latency(100, 1.0)), record(repetition=2, latency=latency(900, 2.0)))

    assert figures_of(runs)[0].response_mean_s == pytest.approx(1.9)


def test_the_error_bar_comes_from_the_runs(record):
    """Rates 63, 64 and 65: half width t(0.975, 2) / sqrt(3) = 2.484."""
    runs = [record(repetition=number, throughput_per_s=62.0 + number) for number in (1, 2, 3)]

    scenario = figures_of(runs)[0]

    assert scenario.throughput_per_s == pytest.approx(64.0)
    assert scenario.throughput_interval_per_s.half_width == pytest.approx(2.484, abs=0.001)


def test_one_run_has_no_error_bar(record):
    """Not one of width 0."""
    scenario = figures_of([record()])[0]

    assert [headline.interval for headline in scenario.headlines] == [None, None, None]


def test_a_scenario_is_valid_only_if_all_its_runs_are(record):
    """The faults of all runs, each once."""
    runs = [
        record(),
        record(repetition=2, validity=("censored", "partial")),
        record(repetition=3, validity=("partial",)),
    ]

    scenario = figures_of(runs)[0]

    assert not scenario.is_valid
    assert scenario.validity == ("censored", "partial")


def test_without_data_there_is_nothing(nothing):
    """None everywhere, no division by zero."""
    scenario = figures_of([nothing()])[0]

    assert (scenario.response_mean_s, scenario.throughput_per_s, scenario.hit_ratio) == (None, None, None)


def test_scenarios_come_in_the_order_of_the_experiment(classic, manifest):
    """Whatever the order of the runs was."""
    planned = manifest(classic).model_copy(update={"scenarios": tuple(record.scenario for record in classic)})

    assert in_order(classic[::-1], planned) == list(classic)
    assert in_order(classic[::-1], None) == list(classic[::-1])
