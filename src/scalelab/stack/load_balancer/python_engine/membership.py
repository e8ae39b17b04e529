"""The membership contract inside the worker process: who is checked, who joins, who drains. Survives the worker."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from scalelab.contracts.membership import Member, MemberList, MembersView, PolicyChoice
from scalelab.contracts.model import Contract
from scalelab.stack.load_balancer.membership_change import membership_change
from scalelab.stack.load_balancer.python_engine.health_checks import HealthChecks
from scalelab.stack.load_balancer.python_engine.policies import POLICIES
from scalelab.stack.load_balancer.python_engine.pool import MemberPool, PooledMember

MEMORY_FILES = ("python_engine_members.json", "python_engine_policy.json")


class WorkerMembership:
    """See `Membership`. Remembers all in `folder`, from which a worker that is started again begins."""

    def __init__(self, pool: MemberPool, checks: HealthChecks, folder: Path, drain_timeout_s: float) -> None:
        self._pool = pool
        self._checks = checks
        self._memory, self._policy_memory = (folder / name for name in MEMORY_FILES)
        self._drain_timeout_s = drain_timeout_s
        self._changing = asyncio.Lock()

    def begin(self, members: Iterable[Member]) -> None:
        """With the remembered members, else with these; with the remembered policy, if there is one."""
        if self._policy_memory.exists():
            self._use(PolicyChoice.model_validate_json(self._policy_memory.read_bytes()))
        if self._memory.exists():
            members = MemberList.model_validate_json(self._memory.read_bytes()).members
        self._add(members)

    async def view(self) -> MembersView:
        """See `Membership`."""
        return self._pool.view()

    async def change(self, wanted: MemberList) -> MembersView:
        """See `Membership`. First come the new, then go the old: there is never less than before."""
        limit_s = self._drain_timeout_s if wanted.drain_timeout_s is None else wanted.drain_timeout_s
        async with self._changing:
            _remember(self._memory, wanted)
            staying = [pooled.member for pooled in self._pool.members if not pooled.is_leaving]
            change = membership_change(staying, wanted.members)
            self._add(change.added)
            await self._wait_for_new(limit_s)
            leaving = [pooled for pooled in self._pool.members if pooled.member in change.removed]
            await asyncio.gather(*(self._remove(pooled, limit_s) for pooled in leaving))
            return self._pool.view()

    async def change_policy(self, choice: PolicyChoice) -> PolicyChoice:
        """See `Membership`."""
        _remember(self._policy_memory, choice)
        self._use(choice)
        return choice

    def _use(self, choice: PolicyChoice) -> None:
        self._pool.use(POLICIES[choice.policy]())

    def _add(self, members: Iterable[Member]) -> None:
        for pooled in self._pool.add(members):
            self._checks.start(pooled)

    async def _wait_for_new(self, limit_s: float) -> None:
        waiting = [asyncio.create_task(pooled.proven.wait()) for pooled in self._pool.members]
        if not waiting:
            return
        _, late = await asyncio.wait(waiting, timeout=limit_s)
        for task in late:
            task.cancel()
        if late:
            structlog.get_logger().warning("members_not_up", count=len(late), waited_s=limit_s)

    async def _remove(self, pooled: PooledMember, limit_s: float) -> None:
        self._pool.start_leaving(pooled)
        try:
            await asyncio.wait_for(pooled.idle.wait(), limit_s)
        except TimeoutError:
            structlog.get_logger().warning("drain_time_over", member=pooled.member.name, waited_s=limit_s)
            for request in list(pooled.requests):
                request.cancel()
        self._checks.stop(pooled)
        self._pool.drop(pooled)


def _remember(memory: Path, wanted: Contract) -> None:
    beside = memory.with_suffix(".new")
    beside.write_text(wanted.model_dump_json())
    beside.replace(memory)  # whole or not at all
