"""Checks the members on behalf of an engine that cannot: a task for each, which follows its address."""

import asyncio
from collections.abc import Iterable

import structlog

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import down_interval_s
from scalelab.stack.load_balancer.health import Health, HealthRule
from scalelab.stack.load_balancer.nginx.configuration import address
from scalelab.stack.load_balancer.readiness import Check


class MemberChecks:
    """Who is up. `changed` is set whenever that changes."""

    def __init__(self, settings: BalancerSettings, check: Check) -> None:
        self._rule = HealthRule(settings.health_fall, settings.health_rise)
        self._interval_s = settings.health_interval_s
        self._check = check
        self._health: dict[str, Health] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.joined: set[str] = set()
        """Addresses of those that were up once."""
        self.changed = asyncio.Event()

    def is_up(self, member: Member) -> bool:
        """Whether it takes traffic, as its checks say."""
        return self._health.get(address(member), Health()).is_up

    def watch(self, members: Iterable[Member]) -> None:
        """From now on check these, and nobody else; new ones at once."""
        wanted = {address(member): member for member in members}
        for gone in self._tasks.keys() - wanted.keys():
            self._tasks.pop(gone).cancel()
            self._health.pop(gone, None)
            self.joined.discard(gone)
        for new in wanted.keys() - self._tasks.keys():
            self._tasks[new] = asyncio.create_task(self._follow(new, wanted[new]), name=f"check-{wanted[new].name}")

    async def _follow(self, key: str, member: Member) -> None:
        while True:
            before = self._health.get(key, Health())
            after = before.after(await self._check(member), self._rule)
            self._health[key] = after
            if after.is_up:
                self.joined.add(key)
            if after.is_up != before.is_up:
                structlog.get_logger().warning("member_health", member=member.name, is_up=after.is_up)
                self.changed.set()
            await asyncio.sleep(self._interval_s if after.is_up else down_interval_s(self._interval_s))
