"""When a service is left alone, for how long, and what brings it back."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.resilience import LEFT_ALONE, Breaker, BreakerRule, BreakingUpstream
from scalelab.stack.upstream.time_left import OUT_OF_TIME

RULE = BreakerRule(failure_ratio=0.5, minimum_attempts=4, open_s=5.0, probes=2)


def breaker_after(*outcomes, at_s=100.0):
    """A breaker that has seen these, all at once."""
    breaker = Breaker(RULE)
    for is_good in outcomes:
        ticket = breaker.admit(at_s)
        if ticket is not None:
            breaker.note(ticket, at_s, is_good=is_good)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([False] * 3, "closed"),
        ([False] * 4, "open"),
        ([True, True, False, False], "open"),
        ([True, True, True, False, False], "closed"),
        ([True] * 100, "closed"),
        ([False, False, True, True], "closed"),
    ],
)
def test_it_opens_at_its_share_of_enough_attempts(outcomes, state):
    """One failure of one attempt is no share; half of four is."""
    assert breaker_after(*outcomes).state(100.0) == state


def test_old_failures_are_forgotten():
    """Three in a bad second, a fourth eleven seconds later: no four within ten."""
    breaker = breaker_after(False, False, False)

    breaker.note(breaker.admit(111.0), 111.0, is_good=False)

    assert breaker.state(111.0) == "closed"


def test_while_it_is_open_nothing_is_sent():
    """Five seconds; then two probes, and no third."""
    breaker = breaker_after(*[False] * 4)

    assert [breaker.admit(at) for at in (100.0, 104.9)] == [None, None]
    assert breaker.state(105.0) == "half-open"
    assert [breaker.admit(105.0) is not None for _ in range(3)] == [True, True, False]


def test_good_probes_close_it_and_the_past_is_past():
    """The failures from before do not open it again."""
    breaker = breaker_after(*[False] * 4)

    for _ in range(2):
        breaker.note(breaker.admit(106.0), 106.0, is_good=True)
    after = breaker.state(106.0)
    breaker.note(breaker.admit(106.0), 106.0, is_good=False)

    assert (after, breaker.state(106.0), breaker.opened) == ("closed", "closed", 1)


def test_a_bad_probe_opens_it_for_as_long_again():
    """And the other probe of that time tells nothing new."""
    breaker = breaker_after(*[False] * 4)
    first, second = breaker.admit(106.0), breaker.admit(106.0)

    breaker.note(first, 106.0, is_good=False)
    breaker.note(second, 106.5, is_good=True)

    assert (breaker.state(110.9), breaker.state(111.0), breaker.opened) == ("open", "half-open", 2)


def test_an_answer_from_before_is_no_probe():
    """A request that was sent while it was closed comes back in the half-open time: it closes nothing."""
    breaker = Breaker(RULE)
    early = breaker.admit(100.0)
    for _ in range(4):
        breaker.note(breaker.admit(100.0), 100.0, is_good=False)

    breaker.note(early, 106.0, is_good=True)
    probes = [breaker.admit(106.0) is not None for _ in range(3)]

    assert probes == [True, True, False]


def test_a_probe_that_its_client_gave_up_makes_room_for_another():
    """It says nothing of the service, and must not block it for ever."""
    breaker = breaker_after(*[False] * 4)
    tickets = [breaker.admit(106.0) for _ in range(2)]

    breaker.forget(tickets[0])

    assert breaker.admit(106.0) is not None


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["good", "bad", "gone"])), max_size=80))
def test_it_always_comes_back(events):
    """Whatever happened, in whatever order: a service that is well again is asked again within the open time."""
    breaker, now_s = Breaker(RULE), 0.0
    for pause_s, event in events:
        now_s += pause_s
        ticket = breaker.admit(now_s)
        if ticket is None:
            continue
        if event == "gone":
            breaker.forget(ticket)
        else:
            breaker.note(ticket, now_s, is_good=event == "good")
    for _ in range(RULE.probes):
        now_s += RULE.open_s
        breaker.note(breaker.admit(now_s), now_s, is_good=True)

    assert breaker.state(now_s) == "closed"


async def test_the_wrapper_answers_at_once_and_counts(scripted, ok, fault):
    """Four faults; the fifth request is not sent."""
    inner = scripted(*[fault] * 4)
    upstream = BreakingUpstream(inner, Breaker(RULE), clock_s=lambda: 100.0)

    outcomes = [await upstream.request("GET", "/") for _ in range(5)]

    assert outcomes == [fault] * 4 + [LEFT_ALONE]
    assert (upstream.refused, len(inner.asked)) == (1, 4)


@pytest.mark.parametrize(("status", "state"), [(200, "closed"), (404, "closed"), (429, "closed"), (500, "open")])
async def test_only_the_services_own_failures_count(scripted, ok, status, state):
    """What the client did wrong is none of its."""
    answer = type(ok)(status, (), b"")
    upstream = BreakingUpstream(scripted(*[answer] * 4), Breaker(RULE), clock_s=lambda: 100.0)

    for _ in range(4):
        await upstream.request("GET", "/")

    assert upstream.breaker.state(100.0) == state


async def test_a_client_that_goes_frees_its_probe(scripted):
    """Cancelled in the half-open time."""
    now_s = [100.0]
    breaker = breaker_after(*[False] * 4)
    upstream = BreakingUpstream(
        scripted(asyncio.get_running_loop().create_future()), breaker, clock_s=lambda: now_s[0]
    )
    now_s[0] = 106.0
    asking = asyncio.ensure_future(upstream.request("GET", "/"))
    await asyncio.sleep(0)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert [breaker.admit(106.0) is not None for _ in range(3)] == [True, True, False]


async def test_requests_in_a_hurry_open_nothing(scripted):
    """A client that wishes for a millisecond says nothing of the service."""
    upstream = BreakingUpstream(scripted(*[OUT_OF_TIME] * 9), Breaker(RULE), clock_s=lambda: 100.0)

    for _ in range(9):
        await upstream.request("GET", "/")

    assert upstream.breaker.state(100.0) == "closed"
