"""A RabbitMQ of the tests' own: free ports, its own node name, port mapper and directory, gone afterwards."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "secret-of-the-broker"
STARTUP_S = 90.0
CONSUMER_TIMEOUT_S = 2.0
"""In which this server wants an answer to what it has delivered; half an hour where nobody says otherwise."""
_FAILS_WHEN_MISSING = os.environ.get("CI") == "true"
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # what is on PATH changes the user and the directories


def _missing(reason: str) -> None:
    if _FAILS_WHEN_MISSING:
        pytest.fail(reason)
    pytest.skip(reason)


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [listener.getsockname()[1] for listener in listeners]


class RabbitmqServer:
    """Keeps its data over `kill` and `start`."""

    def __init__(self, folder: Path) -> None:
        self.port, self._distribution_port, self._mapper_port = _free_ports(3)
        self.url = f"amqp://tester@127.0.0.1:{self.port}/"
        self.password_file = folder / "password"
        self.password_file.write_text(PASSWORD)
        self._folder = folder
        self._processes: list[subprocess.Popen] = []
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\ndefault_user = tester\ndefault_pass = {PASSWORD}\n"
        )
        (folder / "advanced.config").write_text(
            "[{rabbit, [{channel_tick_interval, 250},"
            f" {{consumer_timeout, {round(CONSUMER_TIMEOUT_S * 1000)}}}]}}].\n"
        )
        (folder / "plugins").write_text("[].\n")
        for name in ("home", "data", "log"):
            (folder / name).mkdir()

    def start(self) -> None:
        """Returns when it answers."""
        self._run(["epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1"])
        _await_port(self._mapper_port)
        self._run([_PROGRAM])
        _await_port(self.port)

    def kill(self) -> None:
        """At once, with all its processes."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def stall(self) -> None:
        """It answers nobody, and closes nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `stall`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for process in self._processes:
            os.killpg(process.pid, number)

    def _run(self, command: list) -> None:
        folder = self._folder
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"tests-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        }
        output = (folder / "output").open("ab")
        with output:
            process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True, cwd=folder
            )
        self._processes.append(process)


def _await_port(port: int) -> None:
    deadline_s = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port} after {STARTUP_S} s")


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitmqServer]:
    """One server for the whole session; whoever kills it starts it again."""
    if not _PROGRAM.exists() or shutil.which("epmd") is None:
        _missing("no RabbitMQ here: install Debian's rabbitmq-server, without starting its service, to run its tests")
    pytest.importorskip("aio_pika")
    folder = Path(tempfile.mkdtemp(prefix="slr", dir="/tmp"))
    server = RabbitmqServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
