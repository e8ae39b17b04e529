"""Locust's statistics stay as large as they are after a minute.

In a process of its own: Locust patches the one that imports it.
"""

import subprocess
import sys

AN_HOUR = """
import time
from locust.stats import RequestStats
from scalelab.lab.load.locust_upkeep import KEPT_S, forget_old_seconds

stats = RequestStats()
forget_old_seconds(stats)  # before the first answer
for second in range(3600):
    time.time = lambda: stats.start_time + second
    stats.log_request("GET", "/data", 10, 100)
    stats.log_error("GET", "/data", "500")
rate, failures = stats.total.current_rps, stats.total.current_fail_per_sec

forget_old_seconds(stats)

for entry in (stats.total, *stats.entries.values()):
    assert entry.num_requests == 3600
    assert len(entry.num_reqs_per_sec) == len(entry.num_fail_per_sec) == KEPT_S + 1
assert stats.total.current_rps == rate == 1.0
assert stats.total.current_fail_per_sec == failures == 1.0
"""


POINTS = """
from argparse import Namespace
from locust.env import Environment
from scalelab.lab.load.locust_upkeep import forget_history

for html_file, kept in (("", 1), ("report.html", 700)):
    environment = Environment(parsed_options=Namespace(html_file=html_file))
    environment.stats.history.extend({"time": second} for second in range(700))
    forget_history(environment)
    assert len(environment.stats.history) == kept
    assert environment.stats.history[-1] == {"time": 699}
"""


def test_an_hour_is_no_larger_than_a_minute():
    """And the rates that Locust prints are what they were."""
    run(AN_HOUR)


def test_points_are_kept_where_somebody_draws_them():
    """`--html` has its charts."""
    run(POINTS)


def run(program):
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
