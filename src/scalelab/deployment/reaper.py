"""Ends every process group of a stack once its supervisor is gone, also after `kill -9`.

Runs as a process of its own (`python -I -S reaper.py`) in its own session, with the standard library only. Standard
input is a pipe: `+PID` a group has begun, `-PID` it has ended; end of file means that the supervisor has.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

TERMINATION_GRACE_S = 3.0
POLL_S = 0.05
_START_TIME_FIELD = 19  # of /proc/PID/stat, counted after the command's name; proc_pid_stat(5) calls it 22


def start_mark(pid: int) -> str:
    """When the process began, as text that no other process of this id shares; empty when there is none."""
    if sys.platform == "linux":
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  pathlib is slow to import
                return file.read().rpartition(")")[2].split()[_START_TIME_FIELD]
        except OSError:
            return ""
    return told_by_ps(pid, "lstart")


def told_by_ps(pid: int, column: str) -> str:
    """What `ps` says of a process, empty when it is gone; in one language and time zone."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-o", f"{column}=", "-p", str(pid)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return listing.stdout.strip()


def groups_after(lines: Iterable[bytes]) -> dict[int, str]:
    """Groups that have begun and not ended, each with its leader's start mark."""
    groups: dict[int, str] = {}
    for line in lines:
        sign, number = line[:1], line[1:].strip()
        if not number.isdigit():
            continue
        if sign == b"+":
            groups[int(number)] = start_mark(int(number))
        else:
            groups.pop(int(number), None)
    return groups


def signal_group(group: int, mark: str, number: int) -> bool:
    """Send `number` to a group that is still the one that was meant; whether it was there."""
    now = start_mark(group)
    if now and mark and now != mark:
        return False  # the id belongs to a stranger now
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_groups(groups: dict[int, str], grace_s: float = TERMINATION_GRACE_S) -> None:
    """Terminate, wait up to `grace_s`, kill."""
    for group, mark in groups.items():
        signal_group(group, mark, signal.SIGTERM)
    deadline_s = time.monotonic() + grace_s
    while time.monotonic() < deadline_s and any(signal_group(group, mark, 0) for group, mark in groups.items()):
        time.sleep(POLL_S)
    for group, mark in groups.items():
        signal_group(group, mark, signal.SIGKILL)


def main() -> None:
    """Listen until the supervisor has ended, then end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end_groups(groups_after(sys.stdin.buffer))


if __name__ == "__main__":
    main()
