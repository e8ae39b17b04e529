"""The membership contract inside the engine's process: who is checked, who joins, who drains."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from scalelab.contracts.membership import Member, MemberList, MembersView, PolicyChoice
from scalelab.stack.load_balancer.membership_change import membership_change
from scalelab.stack.load_balancer.python_engine.health_checks import HealthChecks
from scalelab.stack.load_balancer.python_engine.policies import POLICIES
from scalelab.stack.load_balancer.python_engine.pool import MemberPool, PooledMember


class EngineMembership:
    """See `Membership`. `forget` is called with each member that has gone."""

    def __init__(
        self,
        pool: MemberPool,
        checks: HealthChecks,
        drain_timeout_s: float,
        forget: Callable[[PooledMember], None] = lambda _member: None,
    ) -> None:
        self._pool = pool
        self._checks = checks
        self._forget = forget
        self._drain_timeout_s = drain_timeout_s
        self._changing = asyncio.Lock()

    def begin(self, members: Iterable[Member]) -> None:
        """With these. Nobody is warmer than another: they have their whole share at once."""
        self._add(members, are_warm=True)

    async def view(self) -> MembersView:
        """See `Membership`."""
        return self._pool.view()

    async def change(self, wanted: MemberList) -> MembersView:
        """See `Membership`. First come the new, then go the old: there is never less than before."""
        limit_s = self._drain_timeout_s if wanted.drain_timeout_s is None else wanted.drain_timeout_s
        async with self._changing:
            staying = [pooled.member for pooled in self._pool.members if not pooled.is_leaving]
            change = membership_change(staying, wanted.members)
            self._add(change.added)
            await self._wait_for_new(limit_s)
            leaving = [pooled for pooled in self._pool.members if pooled.member in change.removed]
            await asyncio.gather(*(self._remove(pooled, limit_s) for pooled in leaving))
            return self._pool.view()

    async def change_policy(self, choice: PolicyChoice) -> PolicyChoice:
        """See `Membership`."""
        self._pool.use(POLICIES[choice.policy]())
        return choice

    def _add(self, members: Iterable[Member], *, are_warm: bool = False) -> None:
        for pooled in self._pool.add(members, are_warm=are_warm):
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
                request.break_off()
        self._checks.stop(pooled)
        self._pool.drop(pooled)
        self._forget(pooled)
