"""Starts Locust for one load, follows it, and ends it. Leaves no process and no secret behind.

Passwords travel in a 0600 file in a 0700 directory that lives as long as the load; never on a command line.
"""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scalelab.contracts.stack_view import Account
from scalelab.lab.load.driving import LoadEnd, LoadFollower
from scalelab.lab.load.locust_options import PARENT_VARIABLE, VARIABLE_PREFIX, UserBehaviour, as_arguments
from scalelab.lab.results.recording import RECORDING_FILE, TIMELINE_FILE, Recording, TimelineRow
from scalelab.lab.shipped import shipped_locustfile

LOG_FILE = "locust.log"
LOGIN_LIMIT_S = 60.0
"""Longest time for Locust to start and to log in."""
LAST_RESORT_S = 10.0
TERM_LIMIT_S = 5.0
"""What an ended Locust gets to write down what it has."""
_POLL_S = 0.2
_LOG_LINES_SHOWN = 5


@dataclass(frozen=True)
class LocustLoad:
    """One load. `directory` receives everything that Locust and our recorder write."""

    base_url: str
    accounts: tuple[Account, ...]
    users: int
    spawn_rate_per_s: float
    duration_s: float
    drain_limit_s: float
    behaviour: UserBehaviour
    directory: Path
    csv_prefix: str


def run_locust(load: LocustLoad, follower: LoadFollower | None = None) -> LoadEnd:
    """Run one load to its end. Whatever is raised while it runs (Ctrl-C) ends Locust first.

    Args:
        load: what to do.
        follower: hears of its process and of each second.
    """
    load.directory.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="scalelab-load-") as private,
        (load.directory / LOG_FILE).open("ab") as log,
    ):
        accounts_file = _write_accounts(Path(private), load.accounts)
        process = subprocess.Popen(
            command_line(load, accounts_file),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd=private,  # no locust.conf of somebody's own
            process_group=0,  # Ctrl-C reaches us alone, and we end it in order
        )
        with _ended(process):
            if follower is not None:
                follower.started(process.pid)
            return _follow(process, load, follower)


def command_line(load: LocustLoad, accounts_file: Path) -> list[str]:
    """How Locust is started. Our session ends the load at the exact time; Locust's own clock is the last resort."""
    directory = load.directory.resolve()
    behaviour = load.behaviour.model_copy(
        update={
            "load_duration_s": load.duration_s,
            "accounts_file": str(accounts_file),
            "recording_dir": str(directory),
        }
    )
    return [
        *(sys.executable, "-m", "locust", "-f", str(shipped_locustfile()), "--host", load.base_url),
        *("--headless", "--only-summary", "--exit-code-on-error", "0"),
        *("-u", str(load.users), "-r", str(load.spawn_rate_per_s)),
        *("-t", str(math.ceil(load.duration_s + load.drain_limit_s + LAST_RESORT_S))),
        *("--stop-timeout", str(math.ceil(load.drain_limit_s)), "--csv", str(directory / load.csv_prefix)),
        *as_arguments(behaviour),
    ]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", VARIABLE_PREFIX))}
    return {**kept, PARENT_VARIABLE: str(os.getpid())}


def _write_accounts(directory: Path, accounts: Sequence[Account]) -> Path:
    file = directory / "accounts.json"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump([account.model_dump() for account in accounts], stream)
    return file


def _follow(process: "subprocess.Popen[bytes]", load: LocustLoad, follower: LoadFollower | None) -> LoadEnd:
    limit_s = time.monotonic() + LOGIN_LIMIT_S + load.duration_s + load.drain_limit_s + LAST_RESORT_S
    rows, has_begun = _Tail(load.directory / TIMELINE_FILE), False
    while time.monotonic() < limit_s:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_POLL_S)
            return LoadEnd() if code == 0 else LoadEnd(f"Locust ended with {code}: {_last_lines(load)}")
        if follower is not None:
            if not has_begun and (recording := load.directory / RECORDING_FILE).exists():
                has_begun = True
                follower.began(Recording.model_validate_json(recording.read_bytes()).started_at_unix_s)
            for row in rows.fresh():
                follower.second(row)
    return LoadEnd(f"Locust ran on beyond its end and its drain limit of {load.drain_limit_s:g} s; it was stopped")


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """However the block is left, the process group is gone afterwards."""
    try:
        yield
    finally:
        try:
            if process.poll() is None:
                _signal(process, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(TERM_LIMIT_S)
        finally:  # also when Ctrl-C comes once more
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _last_lines(load: LocustLoad) -> str:
    text = (load.directory / LOG_FILE).read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_LOG_LINES_SHOWN:])


class _Tail:
    """Whole new lines of a growing file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = file.stat().st_size if file.exists() else 0

    def fresh(self) -> list[TimelineRow]:
        if not self._file.exists():
            return []
        with self._file.open("rb") as stream:
            stream.seek(self._offset)
            text = stream.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [TimelineRow.model_validate_json(line) for line in whole.splitlines()]
