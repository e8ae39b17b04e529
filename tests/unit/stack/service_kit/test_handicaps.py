"""A handicap is in effect until it is lifted or its time is over, and only the own stack imposes one."""

import socket

import aiohttp
import pytest

from scalelab.contracts.handicap import Handicap
from scalelab.contracts.topology import Delay
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.delays import SimulatedDelay
from scalelab.stack.service_kit.handicaps import Handicaps
from scalelab.stack.service_kit.metrics import ServiceMetrics


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def told():
    """Every change, as whoever obeys it hears of it."""
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def handicaps(clock, told):
    return Handicaps(clock_s=clock, on_change=told.append)


def test_it_ends_by_itself(handicaps, clock, told):
    """Whoever imposed it may be gone by then."""
    handicap = Handicap(delay_s=0.5, for_s=10)
    handicaps.change(handicap)
    clock.now_s += 9.9
    before = handicaps.delay_s
    clock.now_s += 0.1

    assert (before, handicaps.delay_s) == (0.5, 0.0)
    assert told == [handicap, None]


def test_the_last_one_counts(handicaps):
    """It takes the place of the one before; lifted, there is none."""
    handicaps.change(Handicap(delay_s=0.5, for_s=10))
    handicaps.change(Handicap(delay_s=0.1, for_s=10))
    second = handicaps.delay_s
    handicaps.change(None)

    assert (second, handicaps.delay_s) == (0.1, 0.0)


async def test_a_delay_takes_longer_by_it(handicaps):
    """On top of what it is set to, for as long as it is in effect."""
    waits_s = []

    async def sleep(seconds):
        waits_s.append(seconds)

    delay = SimulatedDelay(Delay(kind="constant", mean_s=0.1), sleep, more_s=lambda: handicaps.delay_s)
    await delay.wait()
    handicaps.change(Handicap(delay_s=0.5, for_s=10))
    await delay.wait()

    assert waits_s == [0.1, 0.6]


@pytest.mark.parametrize(
    ("nonce", "body", "status", "delay_s"),
    [
        (True, {"delay_s": 0.5, "for_s": 10}, 200, 0.5),
        (False, {"delay_s": 0.5, "for_s": 10}, 403, 0.0),
        (True, {"delay_s": -1, "for_s": 10}, 400, 0.0),
        (True, {"delay_s": 0.5}, 400, 0.0),
    ],
)
async def test_it_is_imposed_by_the_own_stack_only(settings, handicaps, nonce, body, status, delay_s):
    """And for a while only: without an end it is refused."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = settings.model_copy(update={"admin_listen": address})
    headers = {"X-Scalelab-Stack": settings.stack_nonce} if nonce else {}

    async with (
        admin_listener(settings, ServiceMetrics(), Readiness(), handicaps.routes()),
        aiohttp.ClientSession() as http,
    ):
        async with http.post(f"http://{address}/handicap", json=body, headers=headers) as response:
            answered = response.status, handicaps.delay_s
        async with http.delete(f"http://{address}/handicap", headers=headers) as response:
            assert response.status == (200 if nonce else 403)

    assert answered == (status, delay_s)
    assert handicaps.current is None
