"""Both timers keep the same promises: once, not early, not after they were closed. Real time, a few milliseconds."""

import asyncio
import sys
import time

import pytest
import uvloop

from scalelab.lab.load.fine_timer import DescriptorTimer, LoopTimer, finest_timer

ENGINES = {
    "loop": lambda loop, callback: LoopTimer(loop, callback, time.monotonic),
    "descriptor": DescriptorTimer,
}


@pytest.fixture(params=ENGINES)
def make_timer(request):
    if request.param == "descriptor" and sys.platform != "linux":
        pytest.skip("timerfd is Linux's")
    return ENGINES[request.param]


async def rung(make_timer, use, wait_s=0.03):
    rings = []
    loop = asyncio.get_running_loop()
    timer = make_timer(loop, lambda: rings.append(time.monotonic()))
    use(timer)
    await asyncio.sleep(wait_s)
    timer.close()
    await asyncio.sleep(0.02)
    return rings


def run(coroutine):
    return uvloop.run(coroutine)


def test_it_rings_once_and_not_early(make_timer):
    """After the time that was set."""
    at_s = time.monotonic() + 0.5

    async def scenario():
        nonlocal at_s
        at_s = time.monotonic() + 0.01
        return await rung(make_timer, lambda timer: timer.set(at_s), wait_s=0.1)

    rings = run(scenario())

    assert len(rings) == 1
    assert rings[0] >= at_s - 0.001


def test_a_time_that_has_passed_rings_at_once(make_timer):
    """The load does not wait for the past."""
    rings = run(rung(make_timer, lambda timer: timer.set(time.monotonic() - 5)))

    assert len(rings) == 1


def test_setting_again_forgets_the_alarm_before(make_timer):
    """One alarm at a time."""

    def use(timer):
        timer.set(time.monotonic() + 0.005)
        timer.set(time.monotonic() + 30)

    assert run(rung(make_timer, use)) == []


def test_a_closed_one_is_silent(make_timer):
    """No ring after the end."""
    rings = run(rung(make_timer, lambda timer: timer.set(time.monotonic() + 0.012), wait_s=0.0))

    assert rings == []


def test_the_finest_one_is_chosen():
    """timerfd where there is one."""

    async def scenario():
        timer = finest_timer(asyncio.get_running_loop(), lambda: None, time.monotonic)
        timer.close()
        return timer

    assert isinstance(run(scenario()), DescriptorTimer if sys.platform == "linux" else LoopTimer)
