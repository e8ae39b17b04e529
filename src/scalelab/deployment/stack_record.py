"""`stack.json`: the running stack for everybody who comes later, and the lock that says whether it still runs."""

import fcntl
import os
import time
from collections.abc import Iterable
from typing import Self

from pydantic import ValidationError

from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.errors import AlreadyRunningError
from scalelab.deployment.private_files import PRIVATE_MODE, write_private
from scalelab.deployment.processes import ProcessMark, await_gone
from scalelab.deployment.reaper import TERMINATION_GRACE_S, end_groups
from scalelab.deployment.state_directory import StackDirectory, unfit_directory

CLAIM_PATIENCE_S = 0.3
"""Somebody who only looks holds the lock for an instant."""
_POLL_S = 0.02


class RecordedProcess(Contract):
    """A process beyond doubt: its id and when it began."""

    pid: int
    started: str

    @classmethod
    def of(cls, mark: ProcessMark) -> Self:
        """The same, as data."""
        return cls(pid=mark.pid, started=mark.started)

    @property
    def mark(self) -> ProcessMark:
        """The same, to look at."""
        return ProcessMark(self.pid, self.started)


class StackRecord(Contract):
    """What `stack.json` holds. Has passwords in it: 0600."""

    view: StackView
    supervisor: RecordedProcess
    processes: tuple[RecordedProcess, ...]

    @property
    def marks(self) -> tuple[ProcessMark, ...]:
        """The services' processes."""
        return tuple(process.mark for process in self.processes)


def write_record(directory: StackDirectory, record: StackRecord) -> None:
    """Replace the record.

    Raises:
        OSError: not writable, no space.
    """
    write_private(directory.record_file, record.model_dump_json(indent=1).encode())


def read_record(directory: StackDirectory) -> StackRecord | None:
    """The record, or None when there is none that can be read."""
    try:
        return StackRecord.model_validate_json(directory.record_file.read_bytes())
    except (OSError, ValidationError):
        return None


class Claim:
    """The right to run the stack of one directory; the kernel takes it back when this process ends."""

    def __init__(self, directory: StackDirectory) -> None:
        """Take it, and end what a killed supervisor may have left.

        Raises:
            AlreadyRunningError: somebody has it.
            UnfitMachineError: the directory cannot be used.
        """
        directory.create()
        if directory.containers_file.exists():
            raise already_running(directory)
        self._directory = directory
        self._descriptor = _locked(directory)
        try:
            end_leftovers(directory)
            directory.create_places()
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self, *, keep_logs: bool) -> None:
        """Give it back and tidy up."""
        if keep_logs:
            self._directory.clear()
        else:
            self._directory.remove()
        os.close(self._descriptor)


def is_running(directory: StackDirectory) -> bool:
    """Whether a supervisor holds this directory."""
    try:
        descriptor = os.open(directory.lock_file, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def end_leftovers(directory: StackDirectory) -> tuple[ProcessMark, ...]:
    """End the processes of a stack whose supervisor is gone; those that were still there."""
    record = read_record(directory)
    if record is None:
        return ()
    left = tuple(mark for mark in record.marks if mark.is_alive)
    end_groups({mark.pid: mark.started for mark in left})
    await_gone(left, time.monotonic() + TERMINATION_GRACE_S)
    return left


def tidy_up(directory: StackDirectory) -> None:
    """End and remove what a killed supervisor has left, logs excepted; nothing when the stack runs (again).

    Raises:
        UnfitMachineError: the directory cannot be used.
    """
    if not directory.root.exists():
        return
    try:
        descriptor = _locked(directory)
    except AlreadyRunningError:
        return
    try:
        end_leftovers(directory)
        directory.clear()
    finally:
        os.close(descriptor)


def processes_of(marks: Iterable[ProcessMark]) -> tuple[RecordedProcess, ...]:
    """As a record holds them."""
    return tuple(RecordedProcess.of(mark) for mark in marks)


def already_running(directory: StackDirectory) -> AlreadyRunningError:
    """What to say to whoever wants to start another one there."""
    return AlreadyRunningError(
        f"a stack named {directory.name!r} runs already: stop it with `scalelab down --name {directory.name}`, "
        f"or choose another --name"
    )


def _locked(directory: StackDirectory) -> int:
    deadline_s = time.monotonic() + CLAIM_PATIENCE_S
    while True:
        try:
            descriptor = os.open(directory.lock_file, os.O_CREAT | os.O_RDWR, PRIVATE_MODE)
        except OSError as error:
            raise unfit_directory(directory.root, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), directory.lock_file.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        if time.monotonic() >= deadline_s:
            raise already_running(directory)
        time.sleep(_POLL_S)
