"""Keeps an engine running with the wanted membership and policy, whatever happens to its process."""

import asyncio
import functools
from collections.abc import Callable

import structlog

from scalelab.contracts.membership import MemberList, MembersView, PolicyChoice
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import Engine, EngineRefused, EngineUnavailable
from scalelab.stack.load_balancer.engine_process import EngineProcess
from scalelab.stack.load_balancer.waiting import until

START_LIMIT_S = 15.0
"""Longest wait for a started engine to answer."""
RESTART_PAUSE_S = 0.1
"""Between the end of an engine and its next start, so that one that cannot start does not eat a core."""
_JOIN_PATIENCE_S = 1.0
"""Longest wait for members after a start. Nobody waits for the answer, and a change that comes has to queue."""
_POLL_S = 0.02
_KILL_MARGIN_S = 1.0
"""What an engine gets beyond the graceful time to end by itself."""
_MOST_LEAVING = 4
"""So many engines that others have taken over from may be there, each with its memory."""
_DEAF_LIMIT_S = 1.0
"""Longest wait for an engine that was told to finish to take no more connections."""
_LAST_S = 0.2
"""What it gets when its requests are finished, or its time is over."""


class EngineFailed(Exception):  # noqa: N818
    """Raised when the engine ends or stays silent at its first start."""


class SupervisedEngine:
    """The membership contract over an engine that is started again when it dies, or for another policy."""

    def __init__(self, engine: Engine, settings: BalancerSettings, log_line: Callable[[str], None]) -> None:
        self._engine = engine
        self._wanted, self._policy = settings.members, settings.policy
        self._drain_timeout_s = settings.drain_timeout_s
        self._log_line = log_line
        self._log = structlog.get_logger()
        self._changing = asyncio.Lock()
        self._running = asyncio.Event()
        self._process: EngineProcess | None = None
        self._leaving: set[EngineProcess] = set()
        """Others have taken over from them; they finish their requests."""
        self._tasks: asyncio.TaskGroup | None = None

    async def start(self) -> None:
        """Start the engine.

        Raises:
            EngineFailed: it does not come up.
        """
        if not await self._launch():
            raise EngineFailed("the load balancer's engine did not start; its own lines above say why")

    async def supervise(self) -> None:
        """Give the engine its members, then start it again each time it ends, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._join_members(), name="join-members")
            await self._keep_running(self._tasks)

    async def stop(self, graceful_timeout_s: float) -> None:
        """Let the engine finish its requests, at most so long. `supervise` must have been cancelled."""
        patience_s = graceful_timeout_s + _KILL_MARGIN_S
        leaving = (one.stop(self._engine.stop_signal, patience_s) for one in self._leaving)
        await asyncio.gather(self._finish(patience_s), *leaving)

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
            is_anyone_removed = not set(self._wanted) <= set(wanted.members)
            self._wanted = wanted.members
            view = await self._apply(patience_s)
            if is_anyone_removed:  # by the one that took over; who left before it may still use them
                await asyncio.gather(*(one.stop(self._engine.stop_signal, patience_s) for one in self._leaving))
            return view

    async def change_policy(self, choice: PolicyChoice) -> PolicyChoice:
        """Choose members so; returns when every new connection is balanced so.

        Raises:
            EngineRefused: it has no such policy, or did not start with it; all is as before.
        """
        async with self._changing:
            await self._make_room()
            if not await self._is_in_force(choice.policy):
                assert self._tasks is not None, "supervise"
                # In the group, so that it ends with it: nothing is started once the service stops.
                if not await self._tasks.create_task(self._replace(self._tasks), name="replace"):
                    raise EngineRefused(f"the engine did not start with policy = {choice.policy!r}: its log says why")
            self._policy = choice.policy
            self._log.info("policy_changed", policy=choice.policy)
            return choice

    async def _join_members(self) -> None:
        async with self._changing:
            await self._give_members()

    async def _give_members(self) -> None:
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

    async def _is_in_force(self, policy: BalancingPolicy) -> bool:
        """Whether the engine that runs has taken the policy; else it waits for the next start."""
        while True:
            await self._running.wait()
            try:
                return await self._engine.change_policy(policy)
            except EngineUnavailable as error:
                self._log.warning("engine_unavailable", detail=str(error))
                await asyncio.sleep(RESTART_PAUSE_S)

    async def _replace(self, tasks: asyncio.TaskGroup) -> bool:
        """Start another beside the one that runs, which then finishes.

        Returns whether it started; if not, the former policy is in force again.
        """
        assert self._process is not None
        former = self._process
        self._leaving.add(former)
        has_started = await self._launch()
        if not has_started:
            await self._engine.change_policy(self._policy)
            while not await self._relaunch():
                pass
        tasks.create_task(self._keep_running(tasks), name="keep-running")
        await self._give_members()
        tasks.create_task(self._let_finish(former), name="let-finish")
        await until(former.is_deaf, _DEAF_LIMIT_S)
        return has_started

    async def _make_room(self) -> None:
        """Whoever changes the policy again and again waits until those of before have finished."""
        while len(self._leaving) >= _MOST_LEAVING:
            ends = [asyncio.create_task(one.ended(), name="end-of-former") for one in self._leaving]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await asyncio.sleep(0)  # whoever lets it finish takes it off the list

    async def _let_finish(self, former: EngineProcess) -> None:
        await former.stop(self._engine.stop_signal, self._drain_timeout_s + 2 * _KILL_MARGIN_S)  # HAProxy takes one
        self._leaving.discard(former)

    async def _keep_running(self, tasks: asyncio.TaskGroup) -> None:
        """Until another takes over from the engine."""
        while True:
            process = self._process
            assert process is not None
            code = await process.ended()
            if process in self._leaving or process is not self._process:
                return
            self._running.clear()
            self._log.error("engine_ended", exit_code=code, pid=process.pid)
            while not await self._relaunch():
                pass
            tasks.create_task(self._join_members(), name="join-members")

    async def _finish(self, patience_s: float) -> None:
        """End the engine once it has no request in hand, or when the time is over."""
        process = self._process
        if process is None:
            return
        finishing = asyncio.create_task(
            self._engine.finish(functools.partial(process.send, self._engine.stop_signal)), name="finish"
        )
        ending = asyncio.create_task(process.ended(), name="end-of-engine")
        await asyncio.wait({finishing, ending}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        finishing.cancel()
        [trouble] = await asyncio.gather(finishing, return_exceptions=True)
        is_unheard = isinstance(trouble, Exception)
        if is_unheard:
            self._log.warning("engine_unavailable", detail=str(trouble))
        await process.stop(self._engine.stop_signal, patience_s if is_unheard else _LAST_S)
        await ending

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
