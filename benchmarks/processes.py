"""Starts processes, each on its core, and ends all of them: on leaving, on Ctrl-C, and if the bench is killed."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

SERVER_CORE = 0
GENERATOR_CORE = 1
READY_LIMIT_S = 30.0
STOP_LIMIT_S = 8.0
_PR_SET_PDEATHSIG = 1
_SHOWN_CHARACTERS = 600


class BenchError(Exception):
    """Raised when a contestant cannot be measured; the message says which, and what it said."""


class Crew:
    """All servers of one work. Leaving the context ends them."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes their output."""
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            _signal_group(process, signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()

    def start(
        self, name: str, command: Sequence[str], *, core: int, environment: Mapping[str, str] | None = None
    ) -> int:
        """Start it on `core`, with its children; its pid. Its output goes to `<name>.log`."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                preexec_fn=lambda: _on_core(core),  # noqa: PLW1509  one thread, before anything else is started
            )
        self._processes.append(process)
        return process.pid

    def wait_until_answered(self, name: str, url: str, *, token: str = "") -> None:
        """Until `url` answers 200, at most `READY_LIMIT_S`.

        Raises:
            BenchError: it does not.
        """
        deadline_s = time.monotonic() + READY_LIMIT_S
        while (said := _status(url, token)) != "200":
            if time.monotonic() > deadline_s:
                raise BenchError(f"{name} does not answer {url} ({said}); it said: {self._last_lines(name)}")
            time.sleep(0.1)

    def _last_lines(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-_SHOWN_CHARACTERS:].strip() or "nothing"


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[psutil.Process]:
    """The process and all below it."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise BenchError(f"process {pid} has ended while it was measured") from error


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds that these processes and all below them have used."""
    times = [process.cpu_times() for pid in pids for process in family(pid)]
    return sum(one.user + one.system for one in times)


def resident_mib(pids: Sequence[int]) -> float:
    """Resident memory of these processes and all below them; shared pages count for each."""
    return sum(process.memory_info().rss for pid in pids for process in family(pid)) / 2**20


def pin(pid: int, cores: Sequence[int]) -> None:
    """Move a running process and all below it."""
    for process in family(pid):
        for thread in process.threads():
            os.sched_setaffinity(thread.id, cores)


def on_core(core: int, command: Sequence[str]) -> list[str]:
    """The command, pinned from its start."""
    pinned = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execvp(sys.argv[2], sys.argv[2:])"
    return [sys.executable, "-c", pinned, str(core), *command]


def _on_core(core: int) -> None:
    os.sched_setaffinity(0, {core})
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # it has ended by itself


def _status(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310  ours
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310  ours
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(error)
