"""`scalelab run` as a person runs it: real stack, real Locust, short load; and how it ends when it is ended."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from scalelab.lab.results.reading import read_run

pytestmark = pytest.mark.integration

SHORT = (
    *("--set", "load.users=20", "--set", "load.spawn_rate_per_s=20", "--set", "load.settle_s=1"),
    *("--set", "warm_up.duration_s=1", "--set", "warm_up.users=2"),
)
READY_LIMIT_S = 90.0


@pytest.fixture
def home():
    """State of its own; short, because Unix sockets stand in it."""
    directory = Path(tempfile.mkdtemp(prefix="slab-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


class Run:
    """One `scalelab run`, its output in a file."""

    def __init__(self, home, results, *arguments):
        self.results, self.output = results, results.with_suffix(".log")
        command = [sys.executable, "-m", "scalelab.cli.main", "run", "classic", "--results", str(results)]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, *SHORT, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "SCALELAB_HOME": str(home)},
            )

    def wait_for(self, file):
        deadline_s = time.monotonic() + READY_LIMIT_S
        while not list(self.results.glob(f"*/*/*/{file}")):
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline_s, self.output.read_text()
            time.sleep(0.1)

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)


def test_two_scenarios_end_to_end(home, tmp_path):
    """A miss and a hit on one gateway: table, records, CSV, logs; nothing of the stack stays."""
    run = Run(home, tmp_path / "results", "--set", "load.duration_s=5", "--set", "factors.gateways=[1]")

    code = run.process.wait(150)

    output = run.output.read_text()
    stored = read_run(tmp_path / "results" / "latest")
    assert code in (0, 3), output
    assert [record.title for record in stored.records] == ["1 gateway, miss", "1 gateway, hit"]
    assert stored.missing == ()
    assert [record.failures for record in stored.records] == [0, 0]
    assert [record.books.censored for record in stored.records] == [0, 0]
    assert stored.records[0].cache.hit_ratio == 0.0
    assert stored.records[1].cache.hit_ratio > 0.95
    assert stored.records[0].prediction.binding == "think time"
    assert "1 gateway, hit" in output
    assert (tmp_path / "results" / "results_1_gateway_hit_stats.csv").exists()
    assert list((stored.directory / "logs-1").glob("api_gateway-1.log"))
    assert list((home / "stacks").iterdir()) == []


def test_ctrl_c_keeps_what_was_measured_and_leaves_nothing_behind(home, tmp_path):
    """Interrupted in the middle of the load: exit code 130, a partial record, no process."""
    run = Run(home, tmp_path / "results", "--set", "load.duration_s=60", "--only", "results_1_gateway_miss")
    run.wait_for("timeline.jsonl")
    time.sleep(3.0)
    children = run.children()

    run.process.send_signal(signal.SIGINT)
    code = run.process.wait(60)

    _, alive = psutil.wait_procs(children, timeout=5)
    (record,) = read_run(tmp_path / "results" / "latest").records
    assert code == 130
    assert len(children) > 5
    assert alive == []
    assert "partial" in record.validity
    assert record.books.completed > 0


def test_kill_keeps_what_was_measured_and_leaves_nothing_behind(home, tmp_path):
    """kill -9 of the command: stack and Locust end by themselves, and the record can be worked out."""
    run = Run(home, tmp_path / "results", "--set", "load.duration_s=60", "--only", "results_1_gateway_miss")
    run.wait_for("timeline.jsonl")
    time.sleep(3.0)
    children = run.children()

    run.process.kill()
    run.process.wait()

    _, alive = psutil.wait_procs(children, timeout=20)
    stored = read_run(tmp_path / "results" / "latest")
    assert len(children) > 5
    assert alive == []
    assert "partial" in stored.records[0].validity
    assert stored.records[0].books.completed > 0
    assert "run.json is missing" in stored.missing[0]
