"""Further attempts: for whom, how many, after which pauses, and paid by which budget."""

import asyncio

import pytest

from scalelab.stack.resilience import Budget, Retries, RetryingUpstream, RetryRule
from scalelab.stack.upstream.time_left import OUT_OF_TIME

RULE = RetryRule(attempts=3, backoff_s=0.1, backoff_max_s=0.25)


class Sleeps(list):
    async def __call__(self, seconds):
        self.append(seconds)


def retrying(inner, budget=None, draw=1.0):
    sleeps = Sleeps()
    retries = Retries(RULE, budget or Budget(0.0), sleep=sleeps, draw=lambda: draw)
    upstream = RetryingUpstream(inner, retries)
    return upstream, sleeps


async def test_a_good_answer_is_asked_for_once(scripted, ok):
    """Nothing to better."""
    inner = scripted(ok)
    upstream, sleeps = retrying(inner)

    assert await upstream.request("GET", "/records/1", headers={"a": "b"}) is ok
    assert inner.asked == [("GET", "/records/1", {"a": "b"}, None)]
    assert sleeps == []


async def test_faults_and_busy_services_are_asked_again(scripted, ok, busy, fault):
    """The third attempt is good; the pauses double, up to their bound, and jitter takes a share of them."""
    inner = scripted(fault, busy, ok)
    upstream, sleeps = retrying(inner, draw=0.5)

    assert await upstream.request("GET", "/records/1") is ok
    assert sleeps == pytest.approx([0.05, 0.1])
    assert upstream.counts.scheduled == 2


async def test_the_last_outcome_stands_when_none_is_good(scripted, fault):
    """One first and three further attempts; the longest pause is the bound."""
    inner = scripted(*[fault] * 4)
    upstream, sleeps = retrying(inner)

    assert await upstream.request("GET", "/records/1") is fault
    assert len(inner.asked) == 4
    assert sleeps == pytest.approx([0.1, 0.2, 0.25])


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
async def test_only_reads_are_asked_again(scripted, fault, method):
    """A write that was answered late may have happened."""
    inner = scripted(fault)
    upstream, _ = retrying(inner)

    assert await upstream.request(method, "/records/1") is fault
    assert len(inner.asked) == 1


@pytest.mark.parametrize("status", [200, 404, 400, 500, 502, 504])
async def test_any_other_word_of_the_service_stands(scripted, ok, status):
    """It was reached, and has answered."""
    answer = type(ok)(status, (), b"")
    upstream, _ = retrying(scripted(answer))

    assert await upstream.request("GET", "/records/1") is answer


async def test_the_budget_is_asked_before_the_pause(scripted, fault):
    """Without any left the outcome goes back at once."""
    budget = Budget(0.001)
    while budget.spend():
        pass
    inner = scripted(fault)
    upstream, sleeps = retrying(inner, budget)

    assert await upstream.request("GET", "/records/1") is fault
    assert (sleeps, upstream.counts.over_budget) == ([], 1)


async def test_no_attempt_is_begun_that_would_come_too_late(scripted, fault):
    """B06: all attempts share one time; a pause as long as what is left ends them, and costs no budget."""
    left_s = iter([0.2, 0.15])
    inner, sleeps = scripted(fault, fault), Sleeps()
    retries = Retries(RULE, Budget(0.1), sleep=sleeps, draw=lambda: 1.0, time_left_s=lambda: next(left_s))
    upstream = RetryingUpstream(inner, retries)

    assert await upstream.request("GET", "/records/1") is fault
    assert (sleeps, upstream.counts.scheduled, upstream.counts.over_budget) == ([0.1], 1, 0)


async def test_a_request_without_time_is_not_asked_again(scripted):
    """Nothing was wrong with the service."""
    inner = scripted(OUT_OF_TIME)
    upstream, _ = retrying(inner)

    assert await upstream.request("GET", "/records/1") is OUT_OF_TIME


async def test_a_service_that_is_down_is_not_stormed(busy):
    """B05: a hundred at once, three further attempts allowed to each: a tenth of them and the reserve, no more."""
    asked = 0

    class Down:
        async def request(self, _method, _path, **_rest):
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            return busy

    upstream, _ = retrying(Down(), Budget(0.1))

    outcomes = await asyncio.gather(*(upstream.request("GET", "/") for _ in range(100)))

    assert outcomes == [busy] * 100
    assert 100 < asked <= 1.1 * 100 + 10
