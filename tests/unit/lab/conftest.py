"""Documents of a measured scenario, for tests to change one thing in."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.lab.experiment import Load, WarmUp
from scalelab.lab.plan import Scenario
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import US_PER_S
from scalelab.lab.results.measured_files import Measured
from scalelab.lab.results.recording import Answers, EarlyAnswers, LatencyMeasure, Recording, TimelineRow
from scalelab.lab.results.run_directory import ScenarioContext
from scalelab.lab.results.run_record import Books, Window


@pytest.fixture
def context():
    """Three gateways, 100 users that think for 1.5 s, hit."""
    scenario = Scenario(
        name="results_3_gateways_hit",
        title="3 gateways, hit",
        factors={"gateways": 3, "cache": "hit"},
        cache="hit",
        topology=Topology.model_validate({"api_gateway": {"replicas": 3}}),
        load=Load(users=100, spawn_rate_per_s=100, duration_s=23.0),
        warm_up=WarmUp(),
        seed=1,
    )
    return ScenarioContext(
        experiment="classic",
        repetition=1,
        started_at="2026-01-01T00:00:00+00:00",
        scenario=scenario,
        prediction=None,
    )


def a_recording(**changes):
    """Window 3 to 23 s, 1200 good answers of 0.1 s from three gateways in it, 95 of each 100 hits."""
    values = {
        "is_final": True,
        "is_interrupted": False,
        "started_at_unix_s": 1_767_225_600.0,
        "load_end_s": 23.0,
        "finished_s": 23.1,
        "window": Window(start_s=3.0, end_s=23.0),
        "books": Books(
            offered=1400,
            not_sent=0,
            sent=1400,
            completed=1400,
            failed=0,
            timed_out=0,
            censored=0,
            completed_in_drain=7,
        ),
        "sent_in_window": 1200,
        "censored_in_window": 0,
        "answers": (
            Answers(route="/data", completed=700, failed=0, timed_out=0),
            Answers(route="/process", completed=500, failed=0, timed_out=0),
        ),
        "latencies": (
            LatencyMeasure(
                route="/data", outcome="completed", count=700, sum_s=70.0, min_s=0.1, max_s=0.1, out_of_range=0
            ),
            LatencyMeasure(
                route="/process", outcome="completed", count=500, sum_s=50.0, min_s=0.1, max_s=0.1, out_of_range=0
            ),
        ),
        "early": EarlyAnswers(count=1393, latency_sum_s=278.6, failures=0),
        "cache_answers": {"HIT": 1140, "MISS": 60},
        "instances": {"api_gateway-1": 400, "api_gateway-2": 400, "api_gateway-3": 400},
        "failure_kinds": {},
        "generator_faults": 0,
        "not_sent_reasons": {},
        "oldest_in_flight_s": None,
        "users_peak": 100,
    }
    return Recording(**{**values, **changes})


def a_histogram(count, latency_s=0.1):
    """So many equal values."""
    histogram = HdrHistogram()
    histogram.record(round(latency_s * US_PER_S), count)
    return histogram


@pytest.fixture
def measured():
    """What a load driver leaves; call it with changes to the recording."""

    def measured_with(**changes):
        rows = tuple(
            TimelineRow(second=second, sent=60, completed=60, latency_sum_s=6.0, in_flight=6, users=100)
            for second in range(23)
        )
        histograms = {
            "actual:/data:completed": a_histogram(700),
            "actual:/process:completed": a_histogram(500),
        }
        return Measured(recording=a_recording(**changes), timeline=rows, histograms=histograms)

    return measured_with
