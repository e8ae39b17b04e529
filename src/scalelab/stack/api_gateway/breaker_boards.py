"""Where the breakers of all gateways meet: in this process, for tests and one gateway, or on the cache's server."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from scalelab.stack.resilience import BoardRule, Posted, Word
from scalelab.stack.resilience.breaker_board import BreakerRecord, after

CALL_TIMEOUT_S = 0.05
KEY_PREFIX = "scalelab:breaker:"
KEPT_S = 3600
"""After so long without a word a record is forgotten."""
_US_PER_S = 1_000_000


class MemoryBreakerBoard:
    """A `BreakerBoard` in this process. Always reached."""

    def __init__(self, rule: BoardRule, clock_s: Callable[[], float] = monotonic) -> None:
        self._rule = rule
        self._clock_s = clock_s
        self._records: dict[str, BreakerRecord] = {}

    async def tell(self, service: str, word: Word, epoch: int) -> Posted | None:
        """See `BreakerBoard.tell`."""
        record = self._records.get(service, BreakerRecord())
        self._records[service], posted = after(record, word, epoch, self._rule, self._clock_s())
        return posted

    async def aclose(self) -> None:
        """Nothing to give back."""


_TELL = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local word, epoch, open_us, probes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'epoch', 'is_open', 'until', 'probing', 'good', 'probed_at')
local at = {}
for i = 1, 6 do at[i] = tonumber(held[i]) or 0 end
local current, is_open, until_us, probing, good, probed_at = unpack(at)
local is_half_open = is_open == 1 and now >= until_us
local is_its_own = is_half_open and epoch == current
if now - probed_at > open_us then probing = 0 end
local granted, changes = 0, true
if (word == 'open' and (is_half_open or is_open == 0)) or (word == 'bad' and is_its_own) then
  current, is_open, until_us, probing, good, probed_at = current + 1, 1, now + open_us, 0, 0, 0
elseif word == 'probe' and is_its_own and probing + good < probes then
  granted, probing, probed_at = 1, probing + 1, now
elseif word == 'give_up' and is_its_own then
  probing = math.max(0, probing - 1)
elseif word == 'good' and is_its_own then
  probing, good = math.max(0, probing - 1), good + 1
  if good >= probes then is_open, until_us, probing, good, probed_at = 0, 0, 0, 0, 0 end
else
  changes = false
end
if changes then
  redis.call('HSET', KEYS[1], 'epoch', current, 'is_open', is_open, 'until', string.format('%.0f', until_us),
    'probing', probing, 'good', good, 'probed_at', string.format('%.0f', probed_at))
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
local left_us = -1
if is_open == 1 then left_us = math.max(0, until_us - now) end
return {current, left_us, granted}
"""
"""The same as `after`, by the server's clock, in microseconds."""


class SharedBreakerBoard:
    """A `BreakerBoard` on a Valkey (or Redis) server, for all gateways."""

    def __init__(
        self, client: "redis.asyncio.Redis", rule: BoardRule, call_timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        """Takes the client over."""
        self._client = client
        self._call_timeout_s = call_timeout_s
        self._arguments = [round(rule.open_s * _US_PER_S), rule.probes, KEPT_S]
        self._tell: Any = client.register_script(_TELL)

    async def tell(self, service: str, word: Word, epoch: int) -> Posted | None:
        """See `BreakerBoard.tell`."""
        try:
            async with asyncio.timeout(self._call_timeout_s):
                now_epoch, left_us, granted = await self._tell(
                    keys=[f"{KEY_PREFIX}{service}"], args=[word, epoch, *self._arguments]
                )
            return Posted(int(now_epoch), None if int(left_us) < 0 else int(left_us) / _US_PER_S, bool(int(granted)))
        except (TimeoutError, RedisError, OSError, ValueError, TypeError):
            return None

    async def aclose(self) -> None:
        """See `BreakerBoard.aclose`."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()
