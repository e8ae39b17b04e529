"""Where the numbers are kept: in this gateway, or on a server for all of them, in one atomic step each."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from time import monotonic
from typing import Any, Protocol

import redis.asyncio
from redis.exceptions import RedisError

from scalelab.stack.api_gateway.rate_limit.gcra import RateRule, Standing, take

MAX_COUNTS = 100_000
CALL_TIMEOUT_S = 0.05
KEY_PREFIX = "scalelab:rate:"
_US_PER_S = 1_000_000


class RateCounts(Protocol):
    """Safe for concurrent use on one event loop."""

    async def take(self, name: str) -> Standing | None:
        """One request of this name; None: a fault, nothing is known."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


class LocalRateCounts:
    """In this process, in a bounded table: who has not asked for longest goes first. Never faults."""

    def __init__(
        self, rule: RateRule, clock_s: Callable[[], float] = monotonic, max_counts: int = MAX_COUNTS
    ) -> None:
        self._rule = rule
        self._clock_s = clock_s
        self._max_counts = max_counts
        self._due_s: OrderedDict[str, float] = OrderedDict()

    async def take(self, name: str) -> Standing | None:
        """See `RateCounts.take`."""
        standing, due_s = take(self._rule, self._due_s.pop(name, None), self._clock_s())
        if len(self._due_s) >= self._max_counts:
            self._due_s.popitem(last=False)
        self._due_s[name] = due_s
        return standing

    async def aclose(self) -> None:
        """Nothing to give back."""


_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(now, tonumber(redis.call('GET', KEYS[1])) or now)
local allowed_at = due - (burst - 1) * interval
if now < allowed_at then return {0, 0, math.ceil(allowed_at - now), math.ceil(due - now)} end
due = due + interval
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
return {1, math.floor((burst * interval - (due - now)) / interval + 0.000001), 0, math.ceil(due - now)}
"""
"""The same rule by the server's clock, in microseconds."""


class SharedRateCounts:
    """On a Valkey (or Redis) server, for all gateways. Names stand there as hashes, and end with their window."""

    def __init__(self, client: "redis.asyncio.Redis", rule: RateRule, call_timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Takes the client over."""
        self._client = client
        self._call_timeout_s = call_timeout_s
        self._arguments = [round(rule.interval_s * _US_PER_S), rule.burst]
        self._take: Any = client.register_script(_TAKE)

    async def take(self, name: str) -> Standing | None:
        """See `RateCounts.take`."""
        digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        try:
            async with asyncio.timeout(self._call_timeout_s):
                allowed, remaining, wait_us, reset_us = await self._take(
                    keys=[f"{KEY_PREFIX}{digest}"], args=self._arguments
                )
            return Standing(bool(int(allowed)), int(remaining), int(wait_us) / _US_PER_S, int(reset_us) / _US_PER_S)
        except (TimeoutError, RedisError, OSError, ValueError, TypeError):
            return None

    async def aclose(self) -> None:
        """See `RateCounts.aclose`."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()
