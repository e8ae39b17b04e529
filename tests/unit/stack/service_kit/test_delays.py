"""Simulated delays: exact means, the same sequence from the same seed, and no wait for nothing."""

import asyncio
from itertools import islice
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.topology import Delay
from scalelab.stack.service_kit.delays import SimulatedDelay, delay_values_s


def test_a_constant_delay_is_its_mean():
    """Every value of a constant delay is the mean."""
    delay = Delay(kind="constant", mean_s=0.1)

    values = list(islice(delay_values_s(delay), 3))

    assert values == [0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("kind", "sigma", "tolerance"), [("exponential", 0.5, 0.02), ("lognormal", 0.5, 0.01), ("lognormal", 1.0, 0.03)]
)
def test_the_mean_of_a_random_delay_is_the_configured_one(kind, sigma, tolerance):
    """The average of many values is mean_s, whatever the shape: sigma must not shift it."""
    delay = Delay(kind=kind, mean_s=0.1, sigma=sigma, seed=7)

    average_s = fmean(islice(delay_values_s(delay), 100_000))

    assert average_s == pytest.approx(0.1, rel=tolerance)


@given(kind=st.sampled_from(["constant", "exponential", "lognormal"]), seed=st.integers())
def test_the_same_seed_gives_the_same_sequence(kind, seed):
    """Two sequences of one delay are equal."""
    delay = Delay(kind=kind, mean_s=0.2, seed=seed)

    first, second = (list(islice(delay_values_s(delay), 20)) for _ in range(2))

    assert first == second


def test_another_seed_gives_another_sequence():
    """The seed matters."""
    delays = [Delay(kind="exponential", mean_s=0.2, seed=seed) for seed in (1, 2)]

    first, second = (list(islice(delay_values_s(delay), 5)) for delay in delays)

    assert first != second


@pytest.mark.parametrize("kind", ["constant", "exponential", "lognormal"])
def test_a_mean_of_zero_switches_the_delay_off(kind):
    """No value is drawn and nothing sleeps when the mean is 0."""
    slept_s = []

    async def sleep(duration_s):
        slept_s.append(duration_s)

    asyncio.run(SimulatedDelay(Delay(kind=kind, mean_s=0), sleep).wait())

    assert slept_s == []


async def test_each_wait_takes_the_next_value():
    """Waits follow the sequence of the delay."""
    slept_s = []

    async def sleep(duration_s):
        slept_s.append(duration_s)

    delay = Delay(kind="lognormal", mean_s=0.1, seed=3)
    simulated = SimulatedDelay(delay, sleep)
    for _ in range(3):
        await simulated.wait()

    assert slept_s == list(islice(delay_values_s(delay), 3))


async def test_another_delay_is_for_the_waits_that_begin_afterwards():
    """What is suffered on top of it stays."""
    slept_s = []

    async def sleep(duration_s):
        slept_s.append(duration_s)

    simulated = SimulatedDelay(Delay(mean_s=0.25), sleep, more_s=lambda: 1.0)
    await simulated.wait()
    simulated.change(Delay(mean_s=0.5))
    await simulated.wait()

    assert slept_s == [1.25, 1.5]
