"""Keeps Locust's own statistics from growing with the length of a load.

Locust counts requests by second for ever (`StatsEntry.num_reqs_per_sec`, `num_fail_per_sec`), and reads the last
twelve. Every five seconds it notes a point for the charts of its web page and of `--html`.
"""

from collections.abc import Iterable

from locust.env import Environment
from locust.stats import RequestStats, StatsEntry

KEPT_S = 60


def forget_old_seconds(stats: RequestStats) -> None:
    """Drop counts of seconds that nobody reads any more; `KEPT_S` before the last request."""
    if stats.last_request_timestamp is None:
        return
    oldest_s = int(stats.last_request_timestamp) - KEPT_S
    for entry in _entries(stats):
        for counts in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [second for second in counts if second < oldest_s]:
                del counts[second]


def forget_history(environment: Environment) -> None:
    """Drop the points of Locust's charts where nobody will draw them."""
    options = environment.parsed_options
    if environment.web_ui is None and not getattr(options, "html_file", None):
        del environment.stats.history[:-1]


def _entries(stats: RequestStats) -> Iterable[StatsEntry]:
    return (stats.total, *stats.entries.values())
