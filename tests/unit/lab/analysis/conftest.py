"""Evidence of a good run, for tests to spoil one thing in."""

import pytest
from hypothesis import settings

from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.little import check_little
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import Books, CacheCheck, Window

settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("unhurried")


def good_books(**changes):
    counts = {"offered": 3600, "not_sent": 0, "sent": 3600, "completed": 3600, "failed": 0, "timed_out": 0}
    return Books(**{**counts, "censored": 0, "completed_in_drain": 30, **changes})


def good_evidence(**changes):
    rows = tuple(
        TimelineRow(second=second, sent=60, completed=60, in_flight=10, users=100, generator_cpu_s=0.2)
        for second in range(60)
    )
    values = {
        "books": good_books(),
        "window": Window(start_s=12.0, end_s=60.0),
        "load_duration_s": 60.0,
        "users": 100,
        "think_time_mean_s": 1.5,
        "completed_in_window": 2880,
        "throughput_per_s": 60.0,
        "cache": CacheCheck(hits=0, misses=2880, hit_ratio=0.0, expected="miss", required_ratio=0.99),
        "little": check_little(100, 60.0, 0.1667, 1.5),
        "timeline": rows,
        "drain_limit_s": 30.0,
    }
    return Evidence(**{**values, **changes})


@pytest.fixture(scope="session")
def evidence():
    """Call it with what is different."""
    return good_evidence


@pytest.fixture(scope="session")
def books():
    """Call it with what is different."""
    return good_books
