"""The shipped faults, done to a real stack under load: what must hold, holds."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from result_files import strange_in

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def run_and_report(experiment, folder):
    """`scalelab run` of it, and its report."""
    home = Path(tempfile.mkdtemp(prefix="slf"))
    environment = os.environ | {"SCALELAB_HOME": str(home)}

    def scalelab(*arguments):
        command = [sys.executable, "-m", "scalelab.cli.main", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)

    run = scalelab("run", experiment, "--results", folder / "results")
    scalelab("report", folder / "results" / "latest", "--reports", folder / "reports")
    shutil.rmtree(home)
    return run, folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """`scalelab run faults` and its report."""
    return run_and_report("faults", tmp_path_factory.mktemp("faults"))


def test_no_request_is_lost(finished):
    """A gateway killed, one frozen, all restarted in turn: 6,000 requests, each with a good answer."""
    run, folder = finished

    record = json.loads((folder / "results" / "latest" / "results_miss" / "1" / "run.json").read_text())
    assert [fault["what"] for fault in record["faults"]] == [
        "kill api_gateway-2",
        "freeze api_gateway-1 for 5 s",
        "restart api_gateway",
    ], run.stderr[-2000:]
    assert [(fault["failed"], fault["trouble"]) for fault in record["faults"]] == [(0, "")] * 3
    assert record["books"]["completed"] == 6000
    assert all(fault["recovered_after_s"] is not None for fault in record["faults"])


def test_the_files_say_what_the_reference_says(finished):
    """Those of our own generator, with faults."""
    assert strange_in((finished[1] / "results" / "latest").resolve()) == []


def test_the_balancer_noticed_who_froze(finished):
    """Its checks take it out; nobody but them could know."""
    record = json.loads((finished[1] / "results" / "latest" / "results_miss" / "1" / "run.json").read_text())

    assert 0 < record["faults"][1]["noticed_after_s"] < 5.0


def test_the_report_tells_it(finished):
    """A row for each, and what the columns mean."""
    text = (finished[1] / "reports" / "summary.md").read_text()

    assert "## Faults" in text
    assert "freeze api\\_gateway-1 for 5 s" in text
    assert "All times count from the beginning of the fault." in text


def test_no_task_is_lost_or_done_twice(tmp_path):
    """A worker killed in the middle of its tasks, then their queue's server: each task has its result."""
    run, folder = run_and_report("faults_tasks", tmp_path)

    record = json.loads((folder / "results" / "latest" / "results_2_gateways" / "1" / "run.json").read_text())
    assert [fault["trouble"] for fault in record["faults"]] == ["", ""], run.stderr[-2000:]
    outcomes = record["tasks"]["outcomes"]
    assert outcomes["acknowledged"] > 100
    assert outcomes["succeeded"] == outcomes["looked_up"] == outcomes["acknowledged"]
    assert record["defects"] == {}
    assert "## What became of the long tasks" in (folder / "reports" / "summary.md").read_text()
