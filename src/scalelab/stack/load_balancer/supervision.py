"""Keeps an engine running with the wanted membership, whatever happens to its process."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from scalelab.contracts.membership import Member, MemberList, MembersView
from scalelab.stack.load_balancer.base import Engine, EngineRefused, EngineUnavailable
from scalelab.stack.load_balancer.engine_process import EngineProcess

START_LIMIT_S = 15.0
"""Longest wait for a started engine to answer."""
RESTART_PAUSE_S = 0.1
"""Between the end of an engine and its next start, so that one that cannot start does not eat a core."""
_JOIN_PATIENCE_S = 1.0
"""Longest wait for members after a start. Nobody waits for the answer, and a change that comes has to queue."""
_POLL_S = 0.02
_KILL_MARGIN_S = 1.0
"""What an engine gets beyond the graceful time to end by itself."""


class EngineFailed(Exception):  # noqa: N818
    """Raised when the engine ends or stays silent at its first start."""


class SupervisedEngine:
    """The membership contract over an engine that is started again when it dies."""

    def __init__(
        self, engine: Engine, members: Sequence[Member], drain_timeout_s: float, log_line: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._wanted = tuple(members)
        self._drain_timeout_s = drain_timeout_s
        self._log_line = log_line
        self._log = structlog.get_logger()
        self._changing = asyncio.Lock()
        self._running = asyncio.Event()
        self._process: EngineProcess | None = None

    async def start(self) -> None:
        """Start the engine.

        Raises:
            EngineFailed: it does not come up.
        """
        if not await self._launch():
            raise EngineFailed("the load balancer's engine did not start; its own lines above say why")

    async def supervise(self) -> None:
        """Give the engine its members, then start it again each time it ends, until cancelled."""
        assert self._process is not None
        async with asyncio.TaskGroup() as joining:
            while True:
                joining.create_task(self._join_members(), name="join-members")
                code = await self._process.ended()
                self._running.clear()
                self._log.error("engine_ended", exit_code=code, pid=self._process.pid)
                while not await self._relaunch():
                    pass

    async def stop(self, graceful_timeout_s: float) -> None:
        """Let the engine finish its requests, at most so long. `supervise` must have been cancelled."""
        if self._process is not None:
            await self._process.stop(self._engine.stop_signal, graceful_timeout_s + _KILL_MARGIN_S)

    async def view(self) -> MembersView:
        """The members now.

        Raises:
            EngineUnavailable: the engine is being restarted.
        """
        return await self._engine.view()

    async def change(self, wanted: MemberList) -> MembersView:
        """Make it so, over a restart of the engine if need be; the view afterwards."""
        patience_s = self._drain_timeout_s if wanted.drain_timeout_s is None else wanted.drain_timeout_s
        async with self._changing:
            self._wanted = wanted.members
            return await self._apply(patience_s)

    async def _join_members(self) -> None:
        async with self._changing:
            try:
                await self._apply(_JOIN_PATIENCE_S)
            except EngineRefused as error:
                self._log.error("members_refused", detail=str(error))

    async def _apply(self, patience_s: float) -> MembersView:
        while True:
            await self._running.wait()
            try:
                await self._engine.change_members(self._wanted, patience_s)
                return await self._engine.view()
            except EngineUnavailable as error:
                self._log.warning("engine_unavailable", detail=str(error))
                await asyncio.sleep(RESTART_PAUSE_S)

    async def _relaunch(self) -> bool:
        await asyncio.sleep(RESTART_PAUSE_S)
        return await self._launch()

    async def _launch(self) -> bool:
        self._process = await EngineProcess.start(self._engine.command(self._wanted), self._log_line)
        deadline_s = asyncio.get_running_loop().time() + START_LIMIT_S
        while not self._process.has_ended:
            if await self._engine.is_running():
                self._running.set()
                self._log.info("engine_started", pid=self._process.pid)
                return True
            if asyncio.get_running_loop().time() > deadline_s:
                break
            await asyncio.sleep(_POLL_S)
        await self._process.stop(self._engine.stop_signal, 0)
        return False
