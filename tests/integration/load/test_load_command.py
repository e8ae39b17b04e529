"""`scalelab load` as people and pipelines use it: exit codes, files, interruption, and nothing left behind."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scalelab.lab.results.histogram_log import read_histograms

pytestmark = pytest.mark.integration

SCALELAB = Path(sys.executable).with_name("scalelab")
TOKEN = "token-that-nobody-may-see"
JSON_KEYS = {
    "offered", "sent", "completed", "failed", "timed_out", "censored", "validity", "latency_intended_s",
    "latency_actual_s",
}  # fmt: skip
LATENCY_KEYS = {"p50", "p90", "p99", "p99_9", "max", "mean"}


def load_command(*arguments, environment=None):
    return subprocess.run(
        [SCALELAB, "load", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **(environment or {}), "COLUMNS": "120"},
    )


@pytest.fixture
def start_load(tmp_path):
    """Start the command; give it, its generators' processes and the file of its result."""
    started = []

    def start(*arguments, processes=1):
        file = tmp_path / "result.json"
        command = [SCALELAB, "load", *map(str, arguments), "--json", str(file), "--processes", str(processes)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        limit_s = time.monotonic() + 20
        while len(generators := psutil.Process(process.pid).children()) < processes and time.monotonic() < limit_s:
            time.sleep(0.02)
        return process, generators, file

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_until_sending(server):
    limit_s = time.monotonic() + 20
    while server.count() < 20 and time.monotonic() < limit_s:
        time.sleep(0.05)


def test_a_measurement_leaves_table_and_files_that_agree(shared_server, tmp_path):
    """Table, JSON, CSV, histogram log and graph tell the same totals; exit code 0."""
    server = shared_server("delay=0.2")
    files = {kind: tmp_path / f"load.{kind}" for kind in ("json", "csv", "hlog", "svg")}

    finished = load_command(
        server.url, "--rate", 100, "--duration", 1.2, "--json", files["json"], "--csv", files["csv"],
        "--hlog", files["hlog"], "--graph", files["svg"], "--fail-if", "p99 > 2 s",
    )  # fmt: skip

    result = json.loads(files["json"].read_text())
    rows = list(csv.DictReader(files["csv"].read_text().splitlines()))
    histograms = read_histograms(files["hlog"])
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert result.keys() >= JSON_KEYS
    assert result["latency_intended_s"].keys() >= LATENCY_KEYS
    assert (result["offered"], result["sent"], result["completed"], result["validity"]) == (120, 120, 120, "valid")
    assert sum(int(row["completed"]) for row in rows) == 120
    assert histograms["intended:GET /:completed"].count == 120
    assert histograms["actual:GET /:completed"].min_us >= 200_000
    assert files["svg"].read_text().startswith("<svg")
    assert "120" in finished.stdout
    assert "validity: valid" in finished.stdout
    assert finished.stderr == ""


def test_a_criterion_that_holds_exits_with_4(shared_server):
    """A server of 50 ms fails `p90 > 20 ms`, and too few requests for p99 are enough to see that it fails, too."""
    server = shared_server("delay=0.05")

    finished = load_command(
        server.url, "--rate", 120, "--duration", 1, "--fail-if", "p90 > 20 ms", "--fail-if", "p99 > 20 ms"
    )

    assert finished.returncode == 4
    assert "p90 > 20 ms: met" in finished.stdout
    assert "p99 > 20 ms: met, 120 of 120 requests took longer" in finished.stdout


def test_an_invalid_result_exits_with_3(shared_server):
    """Only refusals: not valid."""
    finished = load_command(shared_server("refuse").url, "--rate", 40, "--duration", 0.3)

    assert finished.returncode == 3
    assert "too-many-failures" in finished.stdout


def test_an_unknown_host_exits_with_2_in_one_line():
    """Nothing was started, one line says why."""
    finished = load_command("http://no-such-host.invalid/", "--rate", 10)

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert "no-such-host.invalid" in finished.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_keeps_what_was_measured(start_server, start_load, number):
    """Ctrl-C and SIGTERM end the load at once: result printed and written, labelled partial, exit code 130."""
    server = start_server("quick")
    process, generators, file = start_load(server.url, "--rate", 100, "--duration", 60)
    wait_until_sending(server)

    process.send_signal(number)
    output, errors = process.communicate(timeout=15)

    result = json.loads(file.read_text())
    assert process.returncode == 130
    assert "partial" in result["validity"]
    assert result["completed"] >= 20
    assert result["offered"] < 6000
    assert result["sent"] == result["completed"] + result["failed"] + result["timed_out"] + result["censored"]
    assert "validity: partial" in output
    assert "Traceback" not in errors
    assert not any(generator.is_running() for generator in generators)


def test_a_killed_generator_makes_the_result_partial(start_server, start_load):
    """kill -9 of one of two: noticed, its share is not silently missing, the books balance."""
    server = start_server("quick")
    process, generators, file = start_load(server.url, "--rate", 100, "--duration", 2.4, processes=2)
    wait_until_sending(server)
    time.sleep(1.1)

    generators[0].kill()
    process.communicate(timeout=20)

    result = json.loads(file.read_text())
    assert process.returncode == 3
    assert "partial" in result["validity"]
    assert result["generator"]["lost_processes"] == 1
    assert result["offered"] == 240
    assert 120 < result["sent"] < 240
    assert result["sent"] == result["completed"] + result["failed"] + result["timed_out"] + result["censored"]


def test_generators_die_with_their_supervisor(start_server, start_load):
    """kill -9 of the command leaves no process that goes on loading."""
    server = start_server("quick")
    process, generators, _ = start_load(server.url, "--rate", 50, "--duration", 60, processes=2)
    wait_until_sending(server)

    process.kill()

    _, alive = psutil.wait_procs(generators, timeout=5)
    assert alive == []


def test_tokens_are_sent_and_never_shown(start_server, start_load, tmp_path):
    """A token reaches the server; it stands on no command line, in no output and in no file."""
    server = start_server("echo")
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{TOKEN}\n")
    process, generators, file = start_load(
        server.url, "--rate", 50, "--duration", 0.6, "--token-file", tokens, "--header", f"X-Secret: @{tokens}"
    )
    command_lines = [" ".join(one.cmdline()) for one in (psutil.Process(process.pid), *generators)]

    output, errors = process.communicate(timeout=15)

    server.process.kill()
    seen = server.process.stdout.read()
    assert seen.count(f"Authorization: Bearer {TOKEN}") == seen.count(f"X-Secret: {TOKEN}") == 30
    assert TOKEN not in "".join([output, errors, file.read_text(), *command_lines])


def test_descriptors_used_up_are_the_generators_own_fault(shared_server):
    """EMFILE is told apart from an error of the system (vegeta 583, k6 826)."""
    server = shared_server("delay=0.6")
    arguments = f"load {server.url} --rate 200 --duration 0.5"

    finished = subprocess.run(
        ["/bin/sh", "-c", f"ulimit -n 40; exec {SCALELAB} {arguments}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )

    assert finished.returncode == 3
    assert "generator-limited" in finished.stdout
    assert "EMFILE" in finished.stdout
