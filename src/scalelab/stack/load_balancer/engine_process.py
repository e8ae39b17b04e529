"""One run of an engine's process: started, its lines logged, stopped in bounded time. Never outlives the service."""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from scalelab.stack.load_balancer.base import EngineCommand
from scalelab.stack.load_balancer.open_sockets import listens
from scalelab.stack.service_kit.parent_watch import die_with_parent

_LINE_LIMIT_BYTES = 1 << 20
_HAS_GROUP = sys.platform == "linux"


class EngineProcess:
    """A running child. `log_line` is given each line of its standard error."""

    def __init__(
        self, process: asyncio.subprocess.Process, lines: asyncio.StreamReader, log_line: Callable[[str], None]
    ) -> None:
        self._process = process
        self._logging = asyncio.create_task(_log_lines(lines, log_line), name="engine-log")

    @classmethod
    async def start(cls, command: EngineCommand, log_line: Callable[[str], None]) -> "EngineProcess":
        """Start the child.

        Raises:
            OSError: the program cannot be executed.
        """
        lines, standard_error = await _pipe()
        process = await asyncio.create_subprocess_exec(
            *command.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=standard_error,
            env=command.environment,
            pass_fds=command.inherited_fds,
            # A foreign program cannot ask the kernel itself to die with us, so it is asked between fork and exec.
            preexec_fn=functools.partial(die_with_parent, os.getpid()),
            # A signal to the service's group must not end the engine before its requests are finished. Only
            # where the kernel ends it with us: elsewhere the group is what a reaper has.
            process_group=0 if _HAS_GROUP else None,
        )
        os.close(standard_error)
        return cls(process, lines, log_line)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.returncode is not None

    async def is_deaf(self) -> bool:
        """Whether it takes no connections any longer."""
        return not listens(self.pid)

    async def ended(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        code = await self._process.wait()
        self._end_its_group()
        await asyncio.shield(self._logging)  # several may wait, and one of them be cancelled
        return code

    def send(self, stop_signal: signal.Signals) -> None:
        """A signal, unless it is gone."""
        with suppress(ProcessLookupError):  # gone, but not noticed yet
            self._process.send_signal(stop_signal)

    async def stop(self, stop_signal: signal.Signals, patience_s: float) -> None:
        """Ask it to end; kill it when it has not within `patience_s`."""
        if not self.has_ended:
            self.send(stop_signal)
            try:
                await asyncio.wait_for(self._process.wait(), patience_s)
            except TimeoutError:
                self.send(signal.SIGKILL)
        await self.ended()

    def _end_its_group(self) -> None:
        """Whoever a killed program leaves behind would go on answering, with members of long ago."""
        if _HAS_GROUP:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """One of our own: of asyncio's, the end of a process is told only once nobody has it open any longer.

    Returns its reader, and the descriptor to write to.
    """
    read, write = os.pipe()
    reader = asyncio.StreamReader(_LINE_LIMIT_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read, "rb"))
    return reader, write


async def _log_lines(stream: asyncio.StreamReader, log_line: Callable[[str], None]) -> None:
    while line := await _next_line(stream):
        log_line(line.decode(errors="replace").rstrip())


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # longer than the limit: the reader has dropped it
        return b"(a line too long to log)\n"
