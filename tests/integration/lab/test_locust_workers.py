"""A Locust master and its workers: one load, books that are those of one process, and no worker silently missing."""

import json
import socket
import subprocess
import sys
import time

import pytest

from scalelab.lab.load.locust_options import UserBehaviour, as_arguments
from scalelab.lab.results.measured_files import read_measured
from scalelab.lab.shipped import shipped_locustfile

pytestmark = pytest.mark.integration

LOCUST = [sys.executable, "-m", "locust", "-f", str(shipped_locustfile())]


@pytest.fixture
def start_locust(gateway, tmp_path):
    """Start a master (with options of its own) and workers."""
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps([{"username": "student", "password": "correct horse"}]))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    started = []

    def start(*arguments):
        started.append(
            subprocess.Popen([*LOCUST, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        return started[-1]

    def start_all(workers, users, behaviour):
        master = start(
            *("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--headless"),
            *("--expect-workers", str(workers), "-u", str(users), "-r", str(users), "--stop-timeout", "5"),
            *("--host", gateway.url, "--exit-code-on-error", "0"),
            *as_arguments(behaviour.model_copy(update={"recording_dir": str(tmp_path)})),
        )
        there = ("--worker", "--master-host", "127.0.0.1", "--master-port", port, "--host", gateway.url)
        return master, [start(*there, "--accounts-file", str(accounts)) for _ in range(workers)]

    yield start_all
    for process in started:
        process.kill()
        process.communicate()


def behaviour(**values):
    return UserBehaviour(**{"think_time_min_s": 0.1, "think_time_max_s": 0.3, "keys": "miss", **values})


def test_two_workers_make_one_load_with_one_set_of_books(gateway, start_locust, tmp_path):
    """No key twice between them; counts, histograms and timeline are those of the whole; each ends by itself."""
    gateway.delay_s = 0.1

    master, workers = start_locust(2, 10, behaviour(load_duration_s=4.0, window_start_s=1.0))

    output, _ = master.communicate(timeout=90)
    codes = [worker.wait(30) for worker in workers]
    measured = read_measured(tmp_path)
    recording, books = measured.recording, measured.recording.books
    assert recording.is_final, output
    assert not recording.is_interrupted
    assert codes == [0, 0]
    assert books.sent == books.completed == len(gateway.asked) > 20
    assert len(set(gateway.asked)) == len(gateway.asked)
    assert sum(row.sent for row in measured.timeline) == books.sent
    assert [row.second for row in measured.timeline] == list(range(len(measured.timeline)))
    assert recording.users_peak == 10
    assert recording.latencies
    for latency in recording.latencies:
        histogram = measured.histograms[f"actual:{latency.route}:{latency.outcome}"]
        assert histogram.count == latency.count


def test_a_killed_worker_makes_the_load_an_interrupted_one(gateway, start_locust, tmp_path):
    """What it had counted a second before is in, and nobody takes the rest for the whole."""
    master, workers = start_locust(2, 10, behaviour(load_duration_s=6.0))
    limit_s = time.monotonic() + 60
    while len(gateway.asked) < 60 and time.monotonic() < limit_s:
        time.sleep(0.1)

    workers[0].kill()

    output, _ = master.communicate(timeout=90)
    recording = read_measured(tmp_path).recording
    assert recording.is_interrupted
    assert "1 of the Locust workers never told their end" in output


def test_a_master_needs_an_end_that_all_know(start_locust):
    """Workers stop by their own clocks."""
    master, _ = start_locust(1, 1, behaviour())

    output, _ = master.communicate(timeout=60)

    assert master.returncode == 2
    assert "give --load-duration-s" in output
