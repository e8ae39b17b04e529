"""The table at the end, from records alone."""

from io import StringIO

from rich.console import Console

from scalelab.cli.run_table import caveat_lines, exit_code, summary_table
from scalelab.lab.report.content import make_content
from scalelab.lab.results.run_record import (
    Books,
    CacheCheck,
    Caveat,
    LatencySummary,
    NaiveLine,
    ReplicaShare,
    RunRecord,
    Window,
)

NOTHING = LatencySummary(count=0, mean_s=None, p50_s=None, p90_s=None, p99_s=None, p99_9_s=None, max_s=None)


def a_record(**changes):
    values = {
        "experiment": "classic",
        "scenario": "results_1_gateway_miss",
        "title": "1 gateway, miss",
        "repetition": 1,
        "factors": {"gateways": 1},
        "started_at": "2026-01-01T00:00:00+00:00",
        "driver": "locust",
        "users": 1000,
        "think_time_mean_s": 1.5,
        "load_duration_s": 60.0,
        "window": Window(start_s=12.0, end_s=60.0),
        "books": Books(
            offered=0, not_sent=0, sent=0, completed=0, failed=0, timed_out=0, censored=0, completed_in_drain=0
        ),
        "throughput_per_s": None,
        "failures": 0,
        "latency": NOTHING,
        "routes": (),
        "little": None,
        "cache": CacheCheck(hits=0, misses=0, hit_ratio=None, expected="miss", required_ratio=0.99),
        "replicas": ReplicaShare(answers={}, jain_index=None),
        "prediction": None,
        "naive": NaiveLine(requests=0, mean_s=None, throughput_per_s=None, failures=0),
        "validity": ("no-data",),
        "caveats": (),
    }
    return RunRecord(**{**values, **changes})


def printed(*records):
    text = StringIO()
    Console(file=text, width=150).print(summary_table(make_content(None, records, ()).summary))
    return text.getvalue()


def test_what_was_not_measured_is_a_dash():
    """Never 0."""
    row = next(line for line in printed(a_record()).splitlines() if "1 gateway, miss" in line)

    assert row.count(" - ") == 6
    assert "no-data" in row


def test_figures_have_their_units():
    """Milliseconds for a person."""
    latency = NOTHING.model_copy(update={"count": 1000, "mean_s": 14.123, "p99_s": 15.2})

    text = printed(a_record(latency=latency, throughput_per_s=63.97, validity=("valid",)))

    assert "14,123" in text
    assert "15,200" in text
    assert "64.0" in text


def test_a_caveat_of_several_scenarios_is_told_once():
    """Behind all their titles."""
    caveat = Caveat(kind="machine-busy", text="All cores were busy.", advice="Use more.")

    lines = caveat_lines(
        make_content(None, [a_record(caveats=(caveat,)), a_record(title="3 gateways, miss", caveats=(caveat,))], ())
    )

    assert lines == ["- 1 gateway, miss; 3 gateways, miss: All cores were busy. Use more."]


def test_a_scenario_that_is_not_valid_is_exit_code_3():
    """Nothing may be claimed of it."""
    assert exit_code(make_content(None, [a_record()], ())) == 3
    assert exit_code(make_content(None, [a_record(validity=("valid",))], ())) == 0
