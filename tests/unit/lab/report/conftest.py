"""Records of the four classic scenarios as a good machine measures them, and their files."""

import json
from pathlib import Path

import pytest
from hypothesis import settings

from scalelab.lab.analysis.little import check_little
from scalelab.lab.results.manifest import Host, Manifest, PlannedRun
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import (
    Books,
    CacheCheck,
    Caveat,
    LatencySummary,
    NaiveLine,
    Prediction,
    ReplicaShare,
    RouteSummary,
    RunRecord,
    Window,
)

settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("unhurried")

SLOTS = {1: "1 gateway x 8 slots / 0.125 s = 64/s", 3: "3 gateways x 8 slots / 0.125 s = 192/s"}
MEASURED = {
    (1, "miss"): (14.1, 63.7),
    (3, "miss"): (3.73, 191.0),
    (1, "hit"): (0.0061, 661.2),
    (3, "hit"): (0.0084, 659.4),
}


def a_prediction(gateways, cache):
    if cache == "hit":
        return Prediction(
            throughput_per_s=1000 / 1.5,
            response_mean_s=0.0,
            binding="think time",
            formula="1000 users / 1.5 s think time = 667/s",
        )
    rate = 64.0 * gateways
    return Prediction(
        throughput_per_s=rate, response_mean_s=1000 / rate - 1.5, binding="upstream slots", formula=SLOTS[gateways]
    )


def a_latency(mean_s, count=9000):
    return LatencySummary(
        count=count,
        mean_s=mean_s,
        p50_s=mean_s,
        p90_s=mean_s * 1.1,
        p99_s=mean_s * 1.2,
        p99_9_s=None,
        max_s=mean_s * 2,
    )


def classic_record(gateways=1, cache="miss", **changes):
    mean_s, rate = MEASURED[gateways, cache]
    name = f"results_{gateways}_gateway{'' if gateways == 1 else 's'}_{cache}"
    hits, misses = (9000, 0) if cache == "hit" else (0, 9000)
    values = {
        "experiment": "classic",
        "scenario": name,
        "title": f"{gateways} gateway{'' if gateways == 1 else 's'}, {cache}",
        "repetition": 1,
        "factors": {"gateways": gateways, "cache": cache},
        "started_at": "2026-01-01T00:00:00+00:00",
        "driver": "locust",
        "users": 1000,
        "think_time_mean_s": 1.5,
        "load_duration_s": 60.0,
        "window": Window(start_s=12.0, end_s=60.0),
        "books": Books(
            offered=9900,
            not_sent=0,
            sent=9900,
            completed=9900,
            failed=0,
            timed_out=0,
            censored=0,
            completed_in_drain=300,
        ),
        "throughput_per_s": rate,
        "failures": 0,
        "latency": a_latency(mean_s),
        "routes": tuple(
            RouteSummary(route=route, completed=4500, failed=0, latency=a_latency(mean_s, 4500))
            for route in ("/data", "/process")
        ),
        "little": check_little(1000, rate, mean_s, 1.5),
        "cache": CacheCheck(hits=hits, misses=misses, hit_ratio=hits / 9000, expected=cache, required_ratio=0.99),
        "replicas": ReplicaShare(answers={"api_gateway-1": 9000}, jain_index=1.0),
        "prediction": a_prediction(gateways, cache),
        "naive": NaiveLine(requests=9600, mean_s=mean_s, throughput_per_s=rate, failures=0),
        "validity": ("valid",),
        "caveats": (),
    }
    return RunRecord(**{**values, **changes})


def nothing_record(**changes):
    """A scenario without a single request."""
    nothing = LatencySummary(count=0, mean_s=None, p50_s=None, p90_s=None, p99_s=None, p99_9_s=None, max_s=None)
    values = {
        "books": Books(
            offered=0, not_sent=0, sent=0, completed=0, failed=0, timed_out=0, censored=0, completed_in_drain=0
        ),
        "window": Window(start_s=12.0, end_s=12.0),
        "throughput_per_s": None,
        "latency": nothing,
        "routes": (),
        "little": None,
        "cache": CacheCheck(hits=0, misses=0, hit_ratio=None, expected="miss", required_ratio=0.99),
        "replicas": ReplicaShare(answers={}, jain_index=None),
        "prediction": None,
        "naive": NaiveLine(requests=0, mean_s=None, throughput_per_s=None, failures=0),
        "validity": ("no-data",),
        "caveats": (Caveat(kind="no-data", text="No good answer.", advice="Look at the logs."),),
    }
    return classic_record().model_copy(update={**values, **changes})


def classic_manifest(records):
    return Manifest(
        experiment="classic",
        question="What do two more gateways buy?",
        is_quick=False,
        seed=1,
        started_at="2026-01-01T00:00:00+00:00",
        order=tuple(
            PlannedRun(scenario=record.scenario, title=record.title, repetition=record.repetition)
            for record in records
        ),
        experiment_as_run={},
        host=Host(
            system="Linux", machine="x86_64", cpu_model="a CPU", logical_cores=2, memory_bytes=2**33, python="3.11"
        ),
        packages={"scalelab": "0.1.0"},
        engines={"valkey": "9"},
        git_revision=None,
    )


def write_run(directory: Path, records):
    """The files of a run, as the runner leaves them."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "manifest.json").write_text(classic_manifest(records).model_dump_json())
    for record in records:
        folder = directory / record.scenario / str(record.repetition)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(record.model_dump_json())
        rows = [
            TimelineRow(second=second, sent=60, completed=60, latency_sum_s=6.0, in_flight=6, users=100)
            for second in range(62)
        ]
        (folder / "timeline.jsonl").write_text("".join(f"{json.dumps(row.model_dump())}\n" for row in rows))
    return directory


@pytest.fixture(scope="session")
def record():
    """Call it with gateways, cache, and what is different."""
    return classic_record


@pytest.fixture(scope="session")
def nothing():
    """Call it with what is different."""
    return nothing_record


@pytest.fixture(scope="session")
def manifest():
    """Call it with the records."""
    return classic_manifest


@pytest.fixture(scope="session")
def classic():
    """The four scenarios in the experiment's order."""
    return tuple(classic_record(gateways, cache) for gateways in (1, 3) for cache in ("miss", "hit"))


@pytest.fixture(scope="session")
def write():
    """Call it with a directory and records."""
    return write_run
