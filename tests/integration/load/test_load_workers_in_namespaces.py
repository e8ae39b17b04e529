"""Two workers that are other machines in all that counts: their networks, and a clock that says something else."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

SCALELAB = Path(sys.executable).with_name("scalelab")
SECRET = "a-secret-that-is-known-to-two-of-us-only"
CLOCK_AHEAD_S = 5000
HOST = "198.18.{number}.1"
"""A network for each worker, out of those that RFC 2544 sets aside for benchmarks."""
WORKER = "198.18.{number}.2"
PORT = 7100


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=check)


def lacking():
    """Why there can be no namespaces here; empty when there can."""
    if not shutil.which("ip") or not shutil.which("unshare"):
        return "namespaces need ip (iproute2) and unshare (util-linux)"
    probe = subprocess.run(["unshare", "--time", "--net", "--fork", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "namespaces need root, and a kernel with namespaces of time"


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


@pytest.fixture
def start_worker(secret_file):
    """Start a worker in a network of its own; `command` stands before it."""
    if reason := lacking():
        pytest.skip(reason)
    networks, workers = [], []

    def start(number, *command):
        name = f"slw{os.getpid()}-{number}"
        networks.append(name)
        there, host, address = f"slw{number}t", HOST.format(number=number), WORKER.format(number=number)
        ip("netns", "add", name)
        ip("link", "add", f"slw{number}", "type", "veth", "peer", "name", there, "netns", name)
        ip("address", "add", f"{host}/30", "dev", f"slw{number}")
        ip("link", "set", f"slw{number}", "up")
        ip("-n", name, "address", "add", f"{address}/30", "dev", there)
        ip("-n", name, "link", "set", there, "up")
        ip("-n", name, "route", "add", "default", "via", host)
        worker = [str(SCALELAB), "load-worker", "--listen", f"{address}:{PORT}", "--secret-file", str(secret_file)]
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, *command, *worker], stdout=subprocess.PIPE, text=True, process_group=0
        )
        workers.append(process)
        assert "listens" in process.stdout.readline()
        return f"{address}:{PORT}"

    yield start
    for process in workers:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    for name in networks:
        ip("netns", "delete", name)


@pytest.fixture
def server():
    """Notes when it was asked, and by whom."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append((time.monotonic(), self.client_address[0]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    listening = Server(("0.0.0.0", 0), Handler)  # noqa: S104  the workers come from other networks
    listening.asked = asked
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_machines_with_other_clocks_begin_together(start_worker, server, secret_file, tmp_path):
    """One's clock is 5000 s ahead: both begin at once, and together they keep to one schedule."""
    ahead = ("unshare", "--time", "--monotonic", str(CLOCK_AHEAD_S), "--fork", "--kill-child")
    workers = (start_worker(1), start_worker(2, *ahead))
    url = f"http://{HOST.format(number=1)}:{server.server_address[1]}/"

    finished = subprocess.run(
        [SCALELAB, "load", url, "--rate", "40", "--duration", "3", "--workers", ",".join(workers),
         "--workers-secret-file", secret_file, "--json", tmp_path / "result.json"],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip

    assert finished.returncode in {0, 3}, finished.stdout + finished.stderr  # 3: a machine with too much else to do
    result = json.loads((tmp_path / "result.json").read_text())
    machines = result["generator"]["machines"]
    firsts = [min(at_s for at_s, who in server.asked if who == WORKER.format(number=number)) for number in (1, 2)]
    assert (result["offered"], result["completed"], len(server.asked)) == (120, 120, 120)
    assert [machine["sent"] for machine in machines] == [60, 60]
    assert abs(firsts[1] - firsts[0]) < 1.0
    assert all(machine["clock_uncertainty_s"] < 1.0 for machine in machines)
