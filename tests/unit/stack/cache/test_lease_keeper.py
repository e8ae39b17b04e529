"""Which leases are kept alive, told without waiting: the sleep is the test's own."""

import asyncio

import pytest

from scalelab.stack.cache.lease_keeper import LONGEST_S, LeaseKeeper


class Stage:
    """A clock that is set, and a server that hears of renewals and says which leases are lost."""

    def __init__(self):
        self.now_s = 0.0
        self.renewed = []
        self.lost = []
        self.was_renewed = asyncio.Event()

    def clock_s(self):
        return self.now_s

    async def renew(self, leases):
        self.renewed.append(leases)
        self.was_renewed.set()
        return self.lost


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
async def keeper(stage):
    keeper = LeaseKeeper(stage.renew, stage.clock_s, interval_s=0.001)
    yield keeper
    await keeper.aclose()


async def rounds(stage, number=1):
    for _ in range(number):
        stage.was_renewed.clear()
        await stage.was_renewed.wait()


async def test_a_slow_fetch_is_kept_alive_and_one_that_ended_is_not(keeper, stage):
    """One call for all that are left."""
    keeper.taken("a", b"1")
    keeper.taken("b", b"2")
    was_held = keeper.given_back("a", b"1")
    stage.now_s = 1.0
    await rounds(stage)

    assert was_held
    assert not keeper.given_back("a", b"1")
    assert stage.renewed[0] == [("b", b"2")]


async def test_what_is_no_longer_ours_is_forgotten(keeper, stage):
    """An invalidation ended it, or somebody else had it."""
    keeper.taken("a", b"1")
    keeper.taken("b", b"2")
    stage.now_s, stage.lost = 1.0, [0]
    await rounds(stage)
    stage.lost = []
    await rounds(stage)

    assert stage.renewed[1] == [("b", b"2")]


async def test_nothing_is_kept_for_ever(keeper, stage):
    """A fetch that somebody forgot to end."""
    keeper.taken("a", b"1")
    stage.now_s = LONGEST_S + 1
    await rounds(stage)
    await asyncio.sleep(0.01)

    assert len(stage.renewed) == 1
