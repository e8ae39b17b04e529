"""Breakers of several gateways: of one mind over a board, and alone without it."""

import asyncio

import pytest

from scalelab.stack.resilience import LEFT_ALONE, Agreement, BoardRule, Breaker, BreakerRule, BreakingUpstream
from scalelab.stack.resilience.breaker_board import BreakerRecord, after

RULE = BreakerRule(failure_ratio=0.5, minimum_attempts=2, open_s=5.0, probes=2)


class Board:
    """One record, a clock that is set, and an outage at will."""

    def __init__(self):
        self.now_s, self.record, self.is_away, self.words = 100.0, BreakerRecord(), False, []

    def clock_s(self):
        return self.now_s

    async def tell(self, _service, word, epoch):
        if self.is_away:
            return None
        self.words.append(word)
        self.record, posted = after(self.record, word, epoch, BoardRule(RULE.open_s, RULE.probes), self.now_s)
        return posted


class Gateway:
    """Its breaker, what it hears of others, and a service that fails or does not."""

    def __init__(self, board, scripted):
        self.breaker = Breaker(RULE)
        self.agreement = Agreement("database", self.breaker, board, clock_s=board.clock_s)
        self.service = scripted()
        self.upstream = BreakingUpstream(self.service, self.breaker, clock_s=board.clock_s, agreement=self.agreement)

    async def ask(self, outcome):
        self.service.script.append(outcome)
        told = await self.upstream.request("GET", "/")
        await settle()
        return told


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def gateways(board, scripted):
    return [Gateway(board, scripted) for _ in range(3)]


async def test_who_opens_opens_for_all(board, gateways, fault):
    """At the next look; nothing was asked of the board for the requests before."""
    first, second, _ = gateways
    for _ in range(2):
        await first.ask(fault)
    await second.agreement.look()

    assert board.words == ["open", "look"]
    assert await second.ask(fault) is LEFT_ALONE
    assert [one.breaker.opened for one in (first, second)] == [1, 1]


async def half_open(board, gateways, fault):
    for _ in range(2):
        await gateways[0].ask(fault)
    for gateway in gateways:
        await gateway.agreement.look()
    board.now_s += RULE.open_s


async def test_all_together_try_it_so_often(board, gateways, ok, fault):
    """Two tries of three gateways, both good: closed for the third without one of its own."""
    await half_open(board, gateways, fault)
    waiting = [asyncio.get_running_loop().create_future() for _ in gateways]
    asking = []
    for gateway, outcome in zip(gateways, waiting, strict=True):
        asking.append(asyncio.ensure_future(gateway.ask(outcome)))
        await settle()
    for outcome in waiting:
        outcome.set_result(ok)
    outcomes = await asyncio.gather(*asking)
    for gateway in gateways:
        await gateway.agreement.look()

    assert outcomes == [ok, ok, LEFT_ALONE]
    assert {gateway.upstream.state for gateway in gateways} == {"closed"}


async def test_a_bad_try_is_bad_for_all(board, gateways, fault):
    """Left alone again, everywhere."""
    await half_open(board, gateways, fault)

    assert await gateways[1].ask(fault) is fault
    for gateway in gateways:
        await gateway.agreement.look()

    assert {gateway.upstream.state for gateway in gateways} == {"open"}
    assert [gateway.breaker.opened for gateway in gateways] == [2, 2, 2]


async def test_refused_tries_cost_the_board_little(board, gateways, fault):
    """A hundred requests of a gateway that was just refused: one question."""
    await half_open(board, gateways, fault)
    board.record = BreakerRecord(1, True, board.now_s, probing=2, probed_at_s=board.now_s)
    board.words.clear()

    outcomes = {await gateways[0].ask(fault) for _ in range(100)}

    assert (outcomes, board.words) == ({LEFT_ALONE}, ["probe"])


async def test_a_client_that_goes_frees_the_try_for_others(board, gateways, ok, fault):
    """Told to the board."""
    await half_open(board, gateways, fault)
    asking = asyncio.ensure_future(gateways[0].ask(asyncio.get_running_loop().create_future()))
    await settle()

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await settle()

    assert board.words[-2:] == ["probe", "give_up"]
    assert board.record.probing == 0


async def test_without_the_board_each_decides_alone(board, gateways, ok, fault):
    """Opens, tries and closes as it would by itself; what was not heard is counted."""
    board.is_away = True
    first, second, _ = gateways
    for _ in range(2):
        await first.ask(fault)
    board.now_s += RULE.open_s

    assert [await first.ask(ok) for _ in range(3)] == [ok] * 3
    assert (first.upstream.state, second.upstream.state) == ("closed", "closed")
    assert first.agreement.unheard > 0


async def test_what_could_not_be_told_is_told_later(board, gateways, fault):
    """While it is still true."""
    board.is_away = True
    for _ in range(2):
        await gateways[0].ask(fault)
    board.is_away = False

    await gateways[0].agreement.look()
    await gateways[1].agreement.look()

    assert {gateway.upstream.state for gateway in gateways[:2]} == {"open"}


async def test_a_board_that_forgot_is_told_again(board, gateways, fault):
    """Restarted without its data: who still holds the breaker open says so."""
    await half_open(board, gateways, fault)
    board.now_s -= RULE.open_s
    board.record = BreakerRecord()

    for _ in range(2):
        await gateways[0].agreement.look()

    assert board.record.is_open
    assert gateways[0].upstream.state == "open"
