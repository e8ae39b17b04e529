"""Starts HTTP services as a deployment does: settings in a file, sockets handed down, ready before use."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

READY_LIMIT_S = 30.0
STOP_LIMIT_S = 20.0
NONCE = "nonce-of-the-test"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)


def fetch(address, target, method="GET", body=None, headers=None) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        return Reply(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
    finally:
        connection.close()


@dataclass
class ServiceProcess:
    """A service under Gunicorn. `address` takes the traffic, `admin` has health and metrics."""

    process: subprocess.Popen
    address: tuple[str, int]
    admin: tuple[str, int]
    log_file: Path
    workers_seen: list[psutil.Process] = field(default_factory=list)

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def fetch(self, target, **request) -> Reply:
        return fetch(self.address, target, **request)

    def gauge(self, name):
        """The value of one metric without labels."""
        text = fetch(self.admin, "/metrics").body.decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))

    def log_lines(self):
        whole_lines = self.log_file.read_text().split("\n")[:-1]
        return [json.loads(line) for line in whole_lines]

    def workers(self):
        found = psutil.Process(self.process.pid).children(recursive=True)
        self.workers_seen.extend(found)
        return found

    def is_ready(self):
        try:
            return fetch(self.admin, "/health/ready").status == 200
        except OSError:
            return False

    def wait_until(self, is_so, what, limit_s=READY_LIMIT_S):
        """Look again until it is so; a process that ended or a limit that passed fails the test with the log."""
        deadline_s = time.monotonic() + limit_s
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                pytest.fail(f"{what}: not within {limit_s} s; log:\n{self.log_file.read_text()[-4000:]}")
            time.sleep(0.02)


def refuses(address) -> bool:
    """Whether nobody listens."""
    try:
        socket.create_connection(address, timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.fixture(name="refuses")
def refuses_fixture():
    return refuses


@pytest.fixture
def run_service(tmp_path):
    """`run_service("database", {...})` starts one; it is ready on return, unless `is_awaited=False`."""
    started: list[ServiceProcess] = []

    def start(service, settings, *, is_awaited=True) -> ServiceProcess:
        number = len(started) + 1
        listener, admin = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        document = {
            "instance": f"{service}-{number}",
            "stack_nonce": NONCE,
            "listen": f"fd://{listener.fileno()}",
            "admin_listen": f"fd://{admin.fileno()}",
            "access_sample_ratio": 1.0,
            **settings,
        }
        settings_file = tmp_path / f"{service}-{number}.json"
        settings_file.write_text(json.dumps(document))
        log_file = tmp_path / f"{service}-{number}.log"
        with listener, admin, log_file.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"scalelab.stack.{service}"],
                env={**os.environ, "SCALELAB_SETTINGS": str(settings_file)},
                pass_fds=[listener.fileno(), admin.fileno()],
                stdout=log,
                stderr=log,
            )
            running = ServiceProcess(process, listener.getsockname(), admin.getsockname(), log_file)
        started.append(running)
        if is_awaited:
            running.wait_until(running.is_ready, f"{service} ready")
        return running

    yield start
    for service in reversed(started):
        _stop(service)
    assert [service.address for service in started if not refuses(service.address)] == []


def _stop(service: ServiceProcess) -> None:
    if service.process.poll() is None:
        service.workers()
        service.process.terminate()
        try:
            service.process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait()
    _, left = psutil.wait_procs(service.workers_seen, timeout=5)
    for worker in left:
        worker.kill()
    assert left == []
