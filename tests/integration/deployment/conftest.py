"""A state home of each test's own, the command line in it, and the proof that nothing is left behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

START_LIMIT_S = 90.0


class Home:
    """One state home: runs the command line in it and looks for what is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = os.environ | {"SCALELAB_HOME": str(path)}
        self.started: list[subprocess.Popen[str]] = []

    def scalelab(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(arguments), env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def status(self, name: str = "default") -> dict:
        return json.loads(self.scalelab("status", "--json", "--name", name).stdout)

    def record(self, name: str = "default") -> dict:
        return json.loads((self.path / "stacks" / name / "stack.json").read_text())

    def processes(self) -> list[psutil.Process]:
        """Every process whose command line or settings name this home."""
        return [process for process in psutil.process_iter() if self._belongs(process)]

    def await_silence(self, limit_s: float = 10.0) -> list[psutil.Process]:
        """What is still there after `limit_s`."""
        return (await_true(lambda: not self.processes(), limit_s) and []) or self.processes()

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "scalelab.cli.main", *arguments]

    def _belongs(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            settings = process.environ().get("SCALELAB_SETTINGS", "")
            return any(str(self.path) in text for text in (settings, *process.cmdline()))
        except psutil.Error:
            return False


def await_true(condition, limit_s: float) -> bool:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() >= deadline_s:
            return False
        time.sleep(0.05)
    return True


def refuses(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1.0).close()
    except ConnectionRefusedError:
        return True
    return False


def open_ports(view: dict) -> list[str]:
    urls = [url for service in view["services"] for url in (service["url"], service["admin_url"])]
    return [url for url in urls if url.startswith("http") and not refuses(url)]


@pytest.fixture
def home():
    """Ends with nothing running, whatever the test did."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as path:
        home = Home(Path(path))
        yield home
        for process in home.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            with process:
                pass
        for directory in Path(path).glob("stacks/*"):
            home.scalelab("down", "--name", directory.name)
        left = home.await_silence()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        assert left == []


@pytest.fixture
def ports_open_of():
    return open_ports


@pytest.fixture
def eventually():
    return await_true
