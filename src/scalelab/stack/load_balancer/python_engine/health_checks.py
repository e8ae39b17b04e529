"""Asks each member for its readiness, each interval, for as long as it is a member."""

import asyncio

import structlog

from scalelab.stack.load_balancer.base import down_interval_s
from scalelab.stack.load_balancer.python_engine.pool import MemberPool, PooledMember
from scalelab.stack.load_balancer.readiness import Check


class HealthChecks:
    """One task per member."""

    def __init__(self, pool: MemberPool, check: Check, interval_s: float) -> None:
        self._pool = pool
        self._check = check
        self._interval_s = interval_s
        self._tasks: dict[PooledMember, asyncio.Task[None]] = {}

    def start(self, pooled: PooledMember) -> None:
        """From now on it is checked; the first time at once."""
        self._tasks[pooled] = asyncio.create_task(self._watch(pooled), name=f"check-{pooled.member.name}")

    def stop(self, pooled: PooledMember) -> None:
        """It is not checked any longer."""
        self._tasks.pop(pooled).cancel()

    def stop_all(self) -> None:
        """Nobody is."""
        for pooled in list(self._tasks):
            self.stop(pooled)

    async def _watch(self, pooled: PooledMember) -> None:
        while True:
            was_up = pooled.health.is_up
            self._pool.note_check(pooled, has_passed=await self._check(pooled.member))
            if pooled.health.is_up != was_up:
                log = structlog.get_logger()
                log.warning("member_health", member=pooled.member.name, is_up=pooled.health.is_up)
            await asyncio.sleep(self._interval_s if pooled.health.is_up else down_interval_s(self._interval_s))
