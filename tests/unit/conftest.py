"""Records of a swept system, for the tests of what is learned from them."""

import pytest

from scalelab.lab.results.run_record import (
    Books,
    CacheCheck,
    LatencySummary,
    NaiveLine,
    ReplicaShare,
    ResourceUse,
    RunRecord,
    Window,
)


def a_swept_record(**changes):
    """One gateway of 8 slots, saturated by 600 users, before a pool of 24 connections."""
    gateways, rate = changes.pop("gateways", 1), changes.pop("rate", 64.0)
    query_s, hold_s = changes.pop("query_s", 0.1), changes.pop("hold_s", 0.125)
    spread, pool_wait_s = changes.pop("spread", 0.0), changes.pop("pool_wait_s", 0.0)
    cpu_s, slot_wait_s = changes.pop("cpu_s", 0.002), changes.pop("slot_wait_s", 5.0)
    response_s = 600 / rate - 1.5
    parts = [1 - spread, 1.0, 1 + spread]
    values = {
        "experiment": "next_replica",
        "scenario": f"results_{gateways}_gateways_miss",
        "title": f"{gateways} gateways, miss",
        "repetition": 1,
        "factors": {"gateways": gateways, "cache": "miss"},
        "started_at": "2026-01-01T00:00:00+00:00",
        "driver": "closed_loop",
        "users": 600,
        "think_time_mean_s": 1.5,
        "load_duration_s": 30.0,
        "window": Window(start_s=6.0, end_s=30.0),
        "books": Books(
            offered=2000,
            not_sent=0,
            sent=2000,
            completed=2000,
            failed=0,
            timed_out=0,
            censored=0,
            completed_in_drain=0,
        ),
        "throughput_per_s": rate,
        "failures": 0,
        "latency": LatencySummary(
            count=1000, mean_s=response_s, p50_s=None, p90_s=None, p99_s=None, p99_9_s=None, max_s=None
        ),
        "routes": (),
        "little": None,
        "cache": CacheCheck(hits=0, misses=1000, hit_ratio=0.0, expected="miss", required_ratio=0.99),
        "replicas": ReplicaShare(answers={}, jain_index=None),
        "resources": (
            a_use("upstream slots", gateways, 8, rate, hold_s + pool_wait_s, parts, slot_wait_s),
            a_use("database pool", 1, 24, rate, query_s, parts, pool_wait_s),
            a_use("CPU of api_gateway", gateways, 1, rate, cpu_s, parts, None),
            a_use("CPU of the machine", 1, 2, rate, cpu_s * 2, parts, None),
        ),
        "prediction": None,
        "naive": NaiveLine(requests=0, mean_s=None, throughput_per_s=None, failures=0),
        "validity": ("valid",),
        "caveats": (),
    }
    return RunRecord.model_validate({**values, **changes})


def a_use(name, units, places, rate, demand_s, parts, wait_s):
    """By the utilisation law."""
    return ResourceUse(
        name=name,
        units=units,
        places=places,
        busy_mean=rate * demand_s,
        waiting_mean=None if wait_s is None else rate * wait_s,
        demand_parts_s=tuple(demand_s * part for part in parts),
        wait_parts_s=() if wait_s is None else (wait_s,) * len(parts),
    )


@pytest.fixture
def swept():
    """Makes records of a system with exactly known demands: slots held 125 ms, of which a connection 100 ms."""
    return a_swept_record
