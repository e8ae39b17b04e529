"""The whole laboratory as a user runs it: real HAProxy, three gateways, Valkey, Locust, report."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from result_files import strange_in

HERE = Path(__file__).parent
SCENARIOS = ("results_1_gateway_miss", "results_1_gateway_hit", "results_3_gateways_miss", "results_3_gateways_hit")
GRAPHS = ("rt_1v3_miss", "th_1v3_miss", "rt_3_hit_vs_miss", "th_3_hit_vs_miss")

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def home():
    """A short state directory of this test's own (Unix sockets have short paths)."""
    directory = Path(tempfile.mkdtemp(prefix="sle"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def finished_run(home, tmp_path_factory):
    """`scalelab run` and `scalelab report`, once for all tests here."""
    folder = tmp_path_factory.mktemp("classic")
    run = _scalelab(home, "run", HERE / "classic_in_five_seconds.toml", "--results", folder / "results")
    report = _scalelab(home, "report", folder / "results" / "latest", "--reports", folder / "reports")
    return folder, run, report


def test_it_ends_well_and_leaves_nothing(finished_run, home):
    """Exit code 0 for run and report; no process of the stack is left."""
    _, run, report = finished_run

    assert (run.returncode, run.stderr[-2000:] if run.returncode else "") == (0, "")
    assert (report.returncode, report.stderr[-2000:] if report.returncode else "") == (0, "")
    assert [process.cmdline() for process in psutil.process_iter() if _belongs_to(process, home)] == []


def test_more_gateways_and_a_cache_buy_what_theory_says(finished_run):
    """Three gateways give about three times the misses; hits run at the think time's pace; nothing fails."""
    records = {name: _record(finished_run[0], name) for name in SCENARIOS}
    rates = {name: record["throughput_per_s"] for name, record in records.items()}

    assert [record["failures"] for record in records.values()] == [0, 0, 0, 0]
    assert 2.5 < rates["results_3_gateways_miss"] / rates["results_1_gateway_miss"] < 3.5
    assert rates["results_1_gateway_hit"] > 1.5 * rates["results_3_gateways_miss"]
    assert all(records[name]["cache"]["hit_ratio"] >= 0.99 for name in SCENARIOS if name.endswith("hit"))
    assert all(records[name]["cache"]["hit_ratio"] == 0 for name in SCENARIOS if name.endswith("miss"))


def test_the_books_balance(finished_run):
    """Every request is somewhere; none is dropped."""
    for name in SCENARIOS:
        books = _record(finished_run[0], name)["books"]

        assert books["sent"] == books["completed"] + books["failed"] + books["timed_out"] + books["censored"]
        assert books["offered"] == books["sent"] + books["not_sent"]
        assert books["censored"] == 0


def test_the_files_of_a_run_are_there(finished_run):
    """Locust's own columns under the classic names, the summary's table, and graphs that are pictures."""
    folder = finished_run[0]
    summary = (folder / "reports" / "summary.md").read_text(encoding="utf-8")

    for name in SCENARIOS:
        with (folder / "results" / f"{name}_stats.csv").open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        assert {"Name", "Request Count", "Failure Count", "Average Response Time", "Requests/s"} <= set(rows[0])
        assert {row["Name"] for row in rows} == {"/data", "/process", "Aggregated"}
    for column in ("Scenario", "Avg Response Time (ms)", "Requests/s", "Failures"):
        assert column in summary
    for graph in GRAPHS:
        assert (folder / "reports" / f"{graph}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (folder / "reports" / f"{graph}.svg").read_text(encoding="utf-8")


def test_the_files_say_what_the_reference_says(finished_run):
    """Every file, every key; of Locust's own, too."""
    assert strange_in((finished_run[0] / "results" / "latest").resolve()) == []


def _scalelab(home, *arguments):
    command = [Path(sys.executable).with_name("scalelab"), *map(str, arguments)]
    environment = {**os.environ, "SCALELAB_HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def _record(folder, scenario):
    path = folder / "results" / "latest" / scenario / "1" / "run.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _belongs_to(process, home):
    try:
        return process.environ().get("SCALELAB_HOME") == str(home) or str(home) in " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return False
