"""The lease keeper, as its worker has it: a process beside it that renews leases while the worker itself cannot.

Code that holds the interpreter (a regular expression, a library in C) stops every thread of a process, the one that
renews leases too; only another process can tell that the worker lives. It speaks up when the worker falls silent.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

import structlog

from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.parent_watch import die_with_parent
from scalelab.stack.task_queue import Beat
from scalelab.stack.worker.keeping import serve_keeper

_READ_BYTES = 65536
_NEVER_S = float("-inf")
_FIRST_FILE = 3
_MOST_FILES = 65536


class LeaseKeeper(Protocol):
    """Somebody who renews leases while this process cannot. All methods belong to one event loop, and never block."""

    def tell(self, beats: Sequence[Beat]) -> None:
        """What this process runs now, all of it; also a sign that it is not silent."""
        ...

    def renewed_at_s(self, owner: str) -> float:
        """When the keeper asked for the last renewal of this owner's lease that was granted (`time.monotonic`)."""
        ...


class NoKeeper:
    """Nobody: a run whose lease this process could not renew is over."""

    def tell(self, beats: Sequence[Beat]) -> None:
        """Nobody hears."""

    def renewed_at_s(self, owner: str) -> float:  # noqa: ARG002  the protocol's signature
        """Never."""
        return _NEVER_S


class ConnectedKeeper:
    """See `LeaseKeeper`. When the keeper ends by itself, the worker goes on alone, and the log says so."""

    def __init__(self, connection: socket.socket) -> None:
        """`connection` is this end of it, and does not block."""
        self._connection = connection
        self._is_gone = False
        self._unsent = b""
        self._unread = b""
        self._renewed_at_s: dict[str, float] = {}

    def tell(self, beats: Sequence[Beat]) -> None:
        """As a line; skipped while the one before has not got through."""
        told = {beat.owner for beat in beats}
        self._renewed_at_s = {owner: at_s for owner, at_s in self._renewed_at_s.items() if owner in told}
        if not self._unsent:
            self._unsent = json.dumps([[beat.task_id, beat.owner, beat.progress] for beat in beats]).encode() + b"\n"
        try:
            self._unsent = self._unsent[self._connection.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError as error:
            if not self._is_gone:
                structlog.get_logger().error("lease_keeper_gone", reason=type(error).__name__)
            self._is_gone = True

    def renewed_at_s(self, owner: str) -> float:
        """Reads what the keeper has said meanwhile."""
        with suppress(OSError):
            while heard := self._connection.recv(_READ_BYTES):
                self._unread += heard
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            asked_at_s, owners = json.loads(line)
            self._renewed_at_s |= dict.fromkeys(owners, asked_at_s)
        return self._renewed_at_s.get(owner, _NEVER_S)


@contextmanager
def lease_keeper(settings: WorkerSettings) -> Iterator[LeaseKeeper]:
    """A keeper beside this process for as long as the context is open.

    A fork, so that it costs no start and little memory: enter this before there are threads and an event loop.
    """
    worker_pid = os.getpid()
    here, there = socket.socketpair()
    keeper_pid = os.fork()
    if keeper_pid == 0:
        _be_keeper(settings, worker_pid, there)
    there.close()
    here.setblocking(False)
    try:
        with here:
            yield ConnectedKeeper(here)
    finally:
        os.kill(keeper_pid, signal.SIGKILL)  # it has nothing that could be lost
        os.waitpid(keeper_pid, 0)


def _be_keeper(settings: WorkerSettings, worker_pid: int, connection: socket.socket) -> None:
    """The whole life of the other process; does not return. A signal to stop is the worker's to obey."""
    try:
        die_with_parent(worker_pid)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(_FIRST_FILE, connection.fileno())
        os.closerange(connection.fileno() + 1, _MOST_FILES)
        asyncio.run(serve_keeper(settings, worker_pid, connection))
    except CannotStartError:
        pass  # the worker says so itself
    except Exception:  # noqa: BLE001  the process is about to end; nobody else would hear of it
        structlog.get_logger().exception("lease_keeper_broke")
    finally:
        os._exit(0)
