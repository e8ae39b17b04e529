"""What a lease keeper does, in its own process: renews the leases of its worker while that is silent.

It has a say only in how long a lease lasts: it begins and ends no task, and vouches neither for a worker that is
stopped nor for one that has been silent for too long.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from scalelab.contracts.service_settings import WorkerSettings
from scalelab.stack.task_queue import Beat, QueueFault, TaskDesk, open_task_desk

SILENCES_PER_LEASE = 4
"""A worker that has said nothing for this part of its leases is silent; it beats at least twice as often."""
_LINE_LIMIT_BYTES = 1 << 20
_STOPPED = frozenset("TtZX")

Read = Callable[[], Awaitable[bytes]]


class Keeping:
    """The leases of one worker. `read` gives the worker's lines, and nothing at its end."""

    def __init__(
        self,
        desk: TaskDesk,
        lease_s: float,
        silence_limit_s: float,
        *,
        is_stopped: Callable[[], bool],
        say: Callable[[bytes], None],
    ) -> None:
        self._desk = desk
        self._lease_s = lease_s
        self._silence_limit_s = silence_limit_s
        self._is_stopped = is_stopped
        self._say = say
        self._beats: tuple[Beat, ...] = ()
        self._heard_at_s = 0.0
        self._is_silent = False

    def hear(self, line: bytes, now_s: float) -> None:
        """What the worker runs now."""
        if self._is_silent:
            structlog.get_logger().info("worker_speaks_again", silence_s=round(now_s - self._heard_at_s, 3))
        self._beats = tuple(Beat(*beat) for beat in json.loads(line))
        self._heard_at_s, self._is_silent = now_s, False

    async def vouch(self, now_s: float) -> None:
        """Renew the leases of a worker that says nothing, and tell it which: it will want to know when it can ask."""
        silence_s = now_s - self._heard_at_s
        if not self._beats or self._is_stopped():
            return
        if silence_s > self._silence_limit_s:
            structlog.get_logger().error(
                "worker_silent_too_long", runs=len(self._beats), limit_s=self._silence_limit_s
            )
            self._beats = ()
            return
        if not self._is_silent:
            structlog.get_logger().warning("worker_silent", runs=len(self._beats), silence_s=round(silence_s, 3))
        self._is_silent = True
        verdicts = await self._desk.renew(self._beats, self._lease_s)
        if isinstance(verdicts, QueueFault):
            return
        held = [beat for beat, verdict in zip(self._beats, verdicts, strict=True) if verdict != "lost"]
        self._beats = tuple(held)
        self._say(json.dumps([now_s, [beat.owner for beat in held]]).encode() + b"\n")


async def keep(keeping: Keeping, read: Read, silence_s: float) -> None:
    """Until the worker ends."""
    now_s = asyncio.get_running_loop().time
    while True:
        try:
            async with asyncio.timeout(silence_s):
                line = await read()
        except TimeoutError:
            await keeping.vouch(now_s())
            continue
        if not line:
            return
        keeping.hear(line, now_s())


def is_stopped(pid: int) -> bool:
    """Whether a process cannot go on by itself: stopped by a signal, or dead."""
    if sys.platform != "linux":
        return _is_stopped_elsewhere(pid)
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in _STOPPED


def _is_stopped_elsewhere(pid: int) -> bool:
    import psutil  # noqa: PLC0415  a keeper is kept small; on Linux a file tells

    try:
        return psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return True


async def serve_keeper(settings: WorkerSettings, worker_pid: int, connection: socket.socket) -> None:
    """Until the worker closes its end of `connection`.

    Raises:
        CannotStartError: as `open_task_desk`.
    """
    lease_s = settings.heartbeat_timeout_s
    reader, writer = await asyncio.open_connection(sock=connection, limit=_LINE_LIMIT_BYTES)
    async with open_task_desk(settings) as desk:
        keeping = Keeping(
            desk,
            lease_s,
            settings.silence_limit_s,
            is_stopped=lambda: is_stopped(worker_pid),
            say=writer.write,
        )
        await keep(keeping, reader.readline, lease_s / SILENCES_PER_LEASE)
