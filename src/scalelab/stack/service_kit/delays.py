"""Simulated delays: values drawn from a `Delay`, and the wait itself. Never blocks the event loop.

The same delay draws the same sequence. An event loop with timers of whole milliseconds (uvloop) ends a wait up to
one millisecond early or late.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterator

from scalelab.contracts.topology import Delay

Sleep = Callable[[float], Awaitable[None]]


def delay_values_s(delay: Delay) -> Iterator[float]:
    """The endless sequence of waits in seconds; its mean is exactly `delay.mean_s`."""
    draws = random.Random(delay.seed)  # noqa: S311  a simulation wants a sequence that can be had again
    draw = _draw_s(delay, draws)
    while True:
        yield draw()


def _draw_s(delay: Delay, draws: random.Random) -> Callable[[], float]:
    if delay.mean_s == 0 or delay.kind == "constant":
        return lambda: delay.mean_s
    if delay.kind == "exponential":
        return lambda: draws.expovariate(1 / delay.mean_s)
    location = math.log(delay.mean_s) - delay.sigma**2 / 2  # the mean of a lognormal is exp(mu + sigma^2 / 2)
    return lambda: draws.lognormvariate(location, delay.sigma)


class SimulatedDelay:
    """Waits as its `Delay` says, one value after the other, and what is put on top of it for the time being."""

    def __init__(
        self, delay: Delay, sleep: Sleep = asyncio.sleep, *, more_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._values_s = delay_values_s(delay)
        self._sleep = sleep
        self._more_s = more_s

    def change(self, delay: Delay) -> None:
        """Another delay, for the waits that begin from now on."""
        self._values_s = delay_values_s(delay)

    async def wait(self) -> None:
        """Wait for the next value; a value of 0 returns at once."""
        value_s = next(self._values_s) + self._more_s()
        if value_s > 0:
            await self._sleep(value_s)
