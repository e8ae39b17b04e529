"""Asks each member for its readiness, each interval, for as long as it is a member."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from yarl import URL

from scalelab.contracts.http_names import READY_PATH
from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.base import LONGEST_DOWN_INTERVAL_S
from scalelab.stack.load_balancer.python_engine.pool import MemberPool, PooledMember

_OK = 200

Check = Callable[[Member], Awaitable[bool]]


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
            down_interval_s = min(self._interval_s, LONGEST_DOWN_INTERVAL_S)
            await asyncio.sleep(self._interval_s if pooled.health.is_up else down_interval_s)


def readiness_check(session: aiohttp.ClientSession, timeout_s: float) -> Check:
    """Whether `GET /health/ready` answers 200 in time, over a connection of its own."""
    timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def check(member: Member) -> bool:
        url = member_url(member, READY_PATH)
        try:
            async with session.get(
                url, timeout=timeout, headers={"Connection": "close"}, allow_redirects=False
            ) as answer:
                return answer.status == _OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    return check


def member_url(member: Member, target: str) -> URL:
    """`target` (path and query, as it came) at a member; nothing in it is normalised.

    Raises:
        ValueError: no URL can be made of it.
    """
    host = f"[{member.host}]" if ":" in member.host else member.host
    return URL(f"http://{host}:{member.port}{target}", encoded=True)
