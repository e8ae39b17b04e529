"""Counts failed logins by account and by client, for one gateway or, on a server, for all of them.

Known and unknown accounts are counted alike. A count ends a fixed time after its first failure.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic
from typing import Any, Literal, Protocol

import redis.asyncio
from redis.exceptions import RedisError

MAX_COUNTS = 10_000
CALL_TIMEOUT_S = 0.25
KEY_PREFIX = "scalelab:login:"

Outcome = Literal["asked", "failed", "succeeded"]


@dataclass(frozen=True)
class LoginLimits:
    """Failures within `window_s` after which an account, or a client, has to wait for the window's end."""

    per_account: int
    per_peer: int
    window_s: float


class LoginAttempts(Protocol):
    """Safe for concurrent use on one event loop; each call is one atomic step."""

    async def judge(self, username: str, peer: str, outcome: Outcome) -> float | None:
        """How long to wait before the next attempt; 0: `outcome` was counted, and may be told. None: a fault.

        An outcome that arrives when the limit is reached already is not counted, and must not be told: attempts under
        way at once would else be as many guesses. A success ends the count of its account.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


@dataclass
class _Count:
    ends_at_s: float
    failures: int = 0


class LocalLoginAttempts:
    """In this process, in a bounded table: the oldest counts go first. Never faults."""

    def __init__(
        self, limits: LoginLimits, clock_s: Callable[[], float] = monotonic, max_counts: int = MAX_COUNTS
    ) -> None:
        self._limits = limits
        self._clock_s = clock_s
        self._max_counts = max_counts
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    async def judge(self, username: str, peer: str, outcome: Outcome) -> float | None:
        """See `LoginAttempts.judge`."""
        names = {f"a:{username}": self._limits.per_account, f"p:{peer}": self._limits.per_peer}
        wait_s = max(self._wait_s(name, limit) for name, limit in names.items())
        if wait_s > 0:
            return wait_s
        if outcome == "succeeded":
            self._counts.pop(f"a:{username}", None)
        elif outcome == "failed":
            for name in names:
                self._counted(name).failures += 1
        return 0.0

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _wait_s(self, name: str, limit: int) -> float:
        count = self._counts.get(name)
        if count is None:
            return 0.0
        left_s = count.ends_at_s - self._clock_s()
        if left_s <= 0:
            del self._counts[name]
            return 0.0
        return left_s if count.failures >= limit else 0.0

    def _counted(self, name: str) -> _Count:
        if name not in self._counts:
            if len(self._counts) >= self._max_counts:
                self._counts.popitem(last=False)
            self._counts[name] = _Count(self._clock_s() + self._limits.window_s)
        return self._counts[name]


_JUDGE = """
local wait_ms = 0
for i, limit in ipairs({tonumber(ARGV[1]), tonumber(ARGV[2])}) do
  if (tonumber(redis.call('GET', KEYS[i])) or 0) >= limit then
    wait_ms = math.max(wait_ms, redis.call('PTTL', KEYS[i]), 1)
  end
end
if wait_ms > 0 then return wait_ms end
if ARGV[4] == 'succeeded' then
  redis.call('DEL', KEYS[1])
elseif ARGV[4] == 'failed' then
  for i = 1, 2 do
    if redis.call('INCR', KEYS[i]) == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
  end
end
return 0
"""


class SharedLoginAttempts:
    """On a Valkey (or Redis) server, for all gateways. Names stand there as hashes."""

    def __init__(
        self, client: "redis.asyncio.Redis", limits: LoginLimits, call_timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        """Takes the client over."""
        self._client = client
        self._call_timeout_s = call_timeout_s
        self._arguments = [limits.per_account, limits.per_peer, max(1, round(limits.window_s * 1000))]
        self._judge: Any = client.register_script(_JUDGE)

    async def judge(self, username: str, peer: str, outcome: Outcome) -> float | None:
        """See `LoginAttempts.judge`."""
        keys = [f"{KEY_PREFIX}{kind}:{_digest(name)}" for kind, name in (("a", username), ("p", peer))]
        try:
            async with asyncio.timeout(self._call_timeout_s):
                return int(await self._judge(keys=keys, args=[*self._arguments, outcome])) / 1000
        except (TimeoutError, RedisError, OSError, ValueError):
            return None

    async def aclose(self) -> None:
        """See `LoginAttempts.aclose`."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
