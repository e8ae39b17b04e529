"""One fetch for all who want the same thing at the same time."""

import asyncio

import pytest

from scalelab.stack.api_gateway.flights import Flights


class Fetch:
    """A fetch that ends when it is let, and counts how often it was begun and broken off."""

    def __init__(self):
        self.begun = 0
        self.broken_off = 0
        self.may_end = asyncio.Event()

    async def __call__(self):
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise
        return self.begun


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_thousand_who_want_the_same_cost_one_fetch():
    """C16: the first has it made, all have its result."""
    flights, fetch = Flights(), Fetch()
    wanting = [asyncio.create_task(flights.join(b"k", fetch)) for _ in range(1000)]
    await settle()
    fetch.may_end.set()

    results = await asyncio.gather(*wanting)

    assert fetch.begun == 1
    assert sorted(results) == [(1, False)] + [(1, True)] * 999
    assert not flights.is_flying(b"k")


async def test_a_leader_who_leaves_harms_nobody():
    """C18: the fetch goes on for those who wait."""
    flights, fetch = Flights(goes_on_alone=False), Fetch()
    leader, follower = [asyncio.create_task(flights.join(b"k", fetch)) for _ in range(2)]
    await settle()
    leader.cancel()
    await settle()
    fetch.may_end.set()

    assert await follower == (1, True)
    assert (fetch.begun, fetch.broken_off) == (1, 0)


@pytest.mark.parametrize(("goes_on_alone", "broken_off"), [(True, 0), (False, 1)])
async def test_when_nobody_waits_any_longer(goes_on_alone, broken_off):
    """C19, C32: as was asked for; whoever comes afterwards never joins what was broken off."""
    flights, fetch = Flights(goes_on_alone=goes_on_alone), Fetch()
    only = asyncio.create_task(flights.join(b"k", fetch))
    await settle()
    only.cancel()
    await settle()
    late = asyncio.create_task(flights.join(b"k", fetch))
    await settle()
    fetch.may_end.set()

    assert await late == ((1, True) if goes_on_alone else (2, False))
    assert fetch.broken_off == broken_off


async def test_a_failure_is_everybodys_once():
    """C20: all who waited hear of it; the next one tries again."""
    flights = Flights()

    async def fail():
        await asyncio.sleep(0)
        raise RuntimeError("as scripted")

    outcomes = await asyncio.gather(*(flights.join(b"k", fail) for _ in range(3)), return_exceptions=True)

    assert [str(outcome) for outcome in outcomes] == ["as scripted"] * 3
    assert not flights.is_flying(b"k")


async def test_the_end_breaks_off_what_is_flying():
    """No task is left."""
    flights, fetch = Flights(), Fetch()
    waiting = asyncio.create_task(flights.join(b"k", fetch))
    await settle()

    await flights.aclose()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert fetch.broken_off == 1
