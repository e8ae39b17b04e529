"""A second request for an answer that is late: when, how often, and what becomes of the first."""

import asyncio

import pytest

from scalelab.stack.resilience import Budget, HedgedUpstream, RecentLatencies


class Known:
    """Latencies that say from when on an answer is late."""

    def __init__(self, late_s):
        self.late_s, self.added = late_s, []

    def add(self, latency_s):
        self.added.append(latency_s)


def hedged(inner, late_s=0.0, ratio=0.0):
    return HedgedUpstream(inner, Known(late_s), Budget(ratio))


def future():
    return asyncio.get_running_loop().create_future()


async def test_an_answer_in_time_is_asked_for_once(scripted, ok):
    """Not late, no second request."""
    inner = scripted(ok)
    upstream = hedged(inner, late_s=60.0)

    assert await upstream.request("GET", "/records/1") is ok
    assert len(inner.asked) == 1


async def test_nothing_is_late_while_too_little_is_known(scripted, ok):
    """The first requests wait as long as it takes."""
    first = future()
    inner = scripted(first)
    asking = asyncio.ensure_future(hedged(inner, late_s=None).request("GET", "/records/1"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.set_result(ok)

    assert await asking is ok
    assert len(inner.asked) == 1


async def test_the_second_answer_wins_and_the_first_is_given_up(scripted, ok):
    """Its request is cancelled, so that it holds nothing any longer."""
    inner = scripted(future(), ok)
    upstream = hedged(inner)

    assert await upstream.request("GET", "/records/1") is ok
    await asyncio.sleep(0)

    assert (upstream.counts.sent, upstream.counts.won, inner.cancelled) == (1, 1, 1)


async def test_the_first_answer_wins_when_it_comes_first(scripted, ok):
    """The second request was for nothing."""
    first, second = future(), future()
    inner = scripted(first, second)
    upstream = hedged(inner)
    asking = asyncio.ensure_future(upstream.request("GET", "/records/1"))
    while len(inner.asked) < 2:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)
    first.set_result(ok)

    assert await asking is ok
    assert (upstream.counts.sent, upstream.counts.won) == (1, 0)
    assert inner.cancelled == 1


async def test_a_fault_waits_for_the_other(scripted, ok, fault):
    """The hedge cannot reach the service, but the first still may."""
    first = future()
    inner = scripted(first, fault)
    asking = asyncio.ensure_future(hedged(inner).request("GET", "/records/1"))
    while len(inner.asked) < 2:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)
    first.set_result(ok)

    assert await asking is ok


async def test_two_faults_are_a_fault(scripted, fault):
    """Nothing is left to wait for."""
    first = future()
    inner = scripted(first, fault)
    asking = asyncio.ensure_future(hedged(inner).request("GET", "/records/1"))
    while len(inner.asked) < 2:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)
    first.set_result(fault)

    assert await asking is fault


async def test_writes_are_never_hedged(scripted, ok):
    """Whatever they take."""
    inner = scripted(ok)

    assert await hedged(inner).request("PUT", "/records/1", body=b"1") is ok
    assert len(inner.asked) == 1


async def test_without_budget_there_is_no_second_request(scripted, ok):
    """The first is waited for."""
    budget = Budget(0.001)
    while budget.spend():
        pass
    first = future()
    inner = scripted(first)
    upstream = HedgedUpstream(inner, Known(0.0), budget)
    asking = asyncio.ensure_future(upstream.request("GET", "/records/1"))
    while not upstream.counts.over_budget:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)
    first.set_result(ok)

    assert await asking is ok
    assert len(inner.asked) == 1


async def test_a_client_that_goes_leaves_nothing_behind(scripted):
    """Both requests are cancelled."""
    inner = scripted(future(), future())
    asking = asyncio.ensure_future(hedged(inner).request("GET", "/records/1"))
    while len(inner.asked) < 2:  # noqa: ASYNC110  turns of the loop, no time
        await asyncio.sleep(0)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0)

    assert inner.cancelled == 2


def test_late_is_a_percentile_of_the_last_thousand():
    """Nothing for 99; then the 95th of a hundred; then what is newest counts."""
    latencies = RecentLatencies(0.95)
    told = []
    for number in range(1, 101):
        told.append(latencies.late_s)
        latencies.add(number / 1000)
    after_100 = latencies.late_s
    for _ in range(1000):
        latencies.add(5.0)

    assert told == [None] * 100
    assert after_100 == pytest.approx(0.096)
    assert latencies.late_s == 5.0
