"""Children in process groups of their own, which a reaper ends when this process is gone.

Knows nothing of services. All children are forked by one thread that lives as long as they may: Linux sends the
parent-death signal when the forking *thread* ends (prctl(2)).
"""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from scalelab.deployment import launcher, reaper

POLL_S = 0.02
LOG_MODE = 0o600
WANTED_DESCRIPTORS = 65_536
OPEN_MAX = 10_240
"""As much as macOS allows though its hard limit is infinite: setrlimit(2) there, under "Compatibility"."""


@dataclass(frozen=True)
class ProcessMark:
    """A process beyond doubt: its id, and when it began."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        """Whether that very process, not another one of the same id, is there and not a zombie."""
        return bool(self.started) and reaper.start_mark(self.pid) == self.started and not _is_zombie(self.pid)


def mark_of(pid: int) -> ProcessMark:
    """The mark of a process that runs now."""
    return ProcessMark(pid, reaper.start_mark(pid))


class Child:
    """One started process and its group. `exit_code` is None while it runs, negative after a signal."""

    def __init__(self, process: subprocess.Popen[bytes], on_end: Callable[["Child"], None]) -> None:
        self._process = process
        self.mark = mark_of(process.pid)
        self._watch = Thread(target=self._await_end, args=(on_end,), name=f"watch-{process.pid}", daemon=True)

    def __repr__(self) -> str:
        return f"process {self.pid}, {'running' if self.exit_code is None else describe_exit(self.exit_code)}"

    def watch(self) -> None:
        """Begin to watch; `on_end` is called once, in a thread of its own."""
        self._watch.start()

    @property
    def pid(self) -> int:
        """Of the group's leader."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode

    def terminate(self) -> None:
        """Ask the leader to end; it ends its own children in order. Idempotent."""
        if self.exit_code is None and self.mark.is_alive:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group, leftovers of a dead leader too. Idempotent."""
        reaper.signal_group(self.pid, self.mark.started, signal.SIGKILL)

    def end_group(self, limit_s: float) -> None:
        """Kill the whole group and wait until nothing of it holds a port any more, up to `limit_s`."""
        self.kill()
        deadline_s = time.monotonic() + limit_s
        while reaper.signal_group(self.pid, self.mark.started, 0) and time.monotonic() < deadline_s:
            time.sleep(POLL_S)

    def wait(self, deadline_s: float) -> bool:
        """Whether the leader ended before `deadline_s` (`time.monotonic`)."""
        while self.exit_code is None:
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(POLL_S)
        return True

    def _await_end(self, on_end: Callable[["Child"], None]) -> None:
        self._process.wait()
        on_end(self)


class Spawner:
    """Starts children, each known to the reaper before it becomes what it is to be."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
        self._lock = Lock()
        self._groups: set[int] = set()
        self._reaper: subprocess.Popen[bytes] | None = None

    def spawn(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_file: Path,
        working_directory: Path,
        descriptors: Sequence[int] = (),
        on_end: Callable[[Child], None] = lambda _child: None,
    ) -> Child:
        """Start `command` in a process group of its own, its output appended to `log_file`.

        Args:
            command: absolute path and arguments.
            environment: the whole environment of the child.
            log_file: created 0600.
            working_directory: of the child.
            descriptors: stay open in the child under the same numbers.
            on_end: called once with the child, in a thread of its own.

        Raises:
            OSError: no process, no log file.
        """
        started = self._thread.submit(
            self._start, command, environment, log_file, working_directory, tuple(descriptors)
        )
        child = Child(started.result(), on_end)
        child.watch()
        return child

    def forget(self, child: Child) -> None:
        """The child's group has ended; the reaper need not look for it."""
        with self._lock:
            self._groups.discard(child.pid)
            self._tell_reaper(child.pid)

    def close(self) -> None:
        """End the reaper and the forking thread. What still runs is ended by the reaper first."""
        with self._lock:
            gone, self._reaper = self._reaper, None
        if gone is not None:
            assert gone.stdin is not None
            gone.stdin.close()
            gone.wait()
        self._thread.shutdown()

    def _start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
        working_directory: Path,
        descriptors: tuple[int, ...],
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            report_descriptor = self._running_reaper()
        log = os.open(log_file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, LOG_MODE)
        try:
            process = subprocess.Popen(
                [*_bare_python(launcher.__file__), str(report_descriptor), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                cwd=working_directory,
                pass_fds=(*descriptors, report_descriptor),
                process_group=0,
            )
        finally:
            os.close(log)
        with self._lock:
            self._groups.add(process.pid)
        return process

    def _running_reaper(self) -> int:
        if self._reaper is None or self._reaper.poll() is not None:
            self._reaper = subprocess.Popen(
                _bare_python(reaper.__file__),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
            assert self._reaper.stdin is not None
            for group in self._groups:
                os.write(self._reaper.stdin.fileno(), b"+%d\n" % group)
        assert self._reaper.stdin is not None
        return self._reaper.stdin.fileno()

    def _tell_reaper(self, ended_group: int) -> None:
        if self._reaper is None or self._reaper.stdin is None:
            return
        try:
            os.write(self._reaper.stdin.fileno(), b"-%d\n" % ended_group)
        except BrokenPipeError:
            return  # it was killed; the next spawn starts another one


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def await_gone(marks: Sequence[ProcessMark], deadline_s: float) -> tuple[ProcessMark, ...]:
    """Those that are still there at `deadline_s` (`time.monotonic`)."""
    while (left := tuple(mark for mark in marks if mark.is_alive)) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    return left


def raise_descriptor_limit() -> None:
    """Take what the hard limit allows: a thousand users need some thousand descriptors, and children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    for limit in (wanted, OPEN_MAX):
        if soft == resource.RLIM_INFINITY or soft >= min(limit, wanted):
            return
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return


def _bare_python(script: str) -> list[str]:
    return [sys.executable, "-I", "-S", script]


def _is_zombie(pid: int) -> bool:
    if sys.platform != "linux":
        return reaper.told_by_ps(pid, "state").startswith("Z")
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            == "Z"
        )
    except OSError:
        return False
