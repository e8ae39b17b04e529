"""This gateway's copy of what is revoked, and how it is kept up."""

import asyncio

import pytest
import structlog

from scalelab.stack.api_gateway.revocation import (
    BLIND_AFTER_S,
    RevocationCheck,
    RevocationFollower,
    RevokedTokens,
)
from scalelab.stack.api_gateway.sessions import Revocation, Revocations, SessionFault
from scalelab.stack.api_gateway.sessions.memory import MemorySessionStore

FAULT = SessionFault("gone")


class Listener:
    def __init__(self):
        self.heard = []

    def on_revoked(self, jti):
        self.heard.append(jti)


class ScriptedStore:
    """Answers what it was told to, in order, then the last again; notes the cursors."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.cursors = []
        self.given_back = []

    async def end(self, family, access):
        assert family == ""
        self.given_back.append(access.jti)
        return (access,)

    async def revocations(self, cursor, _wait_s):
        self.cursors.append(cursor)
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def news(cursor, *jtis, is_all=True):
    return Revocations(cursor, tuple(Revocation(jti, 1e10) for jti in jtis), is_all=is_all)


@pytest.fixture
def clock(scripted):
    return scripted.clock()


@pytest.fixture
def revoked(clock):
    return RevokedTokens(clock)


def test_a_listener_hears_of_each_revocation_once(revoked, clock):
    """However often it is read again."""
    listener = Listener()
    revoked.tell(listener)

    for jti in ("a", "b", "a"):
        revoked.add(Revocation(jti, clock() + 10))

    assert listener.heard == ["a", "b"]
    assert "a" in revoked


def test_what_has_ended_by_itself_is_forgotten(revoked, clock):
    """The copy does not grow for ever."""
    revoked.add(Revocation("long", clock() + 20))
    revoked.add(Revocation("short", clock() + 10))
    clock.now_s += 10
    revoked.add(Revocation("over", clock()))

    assert repr(revoked) == "<revoked tokens: 1>"
    assert "long" in revoked


async def test_all_is_known_before_the_first_request(revoked, clock):
    """A gateway that starts reads what was revoked before it was there."""
    store = MemorySessionStore(clock)
    await store.end("", Revocation("a", clock() + 10))

    async with RevocationFollower(store, revoked).following():
        assert "a" in revoked


async def test_news_are_heard_while_it_follows(revoked, clock):
    """Without anybody asking."""
    store, listener = MemorySessionStore(clock), Listener()
    revoked.tell(listener)

    async with RevocationFollower(store, revoked).following():
        await store.end("", Revocation("a", clock() + 10))
        async with asyncio.timeout(5):
            while not listener.heard:  # noqa: ASYNC110  turns of the loop, no time
                await asyncio.sleep(0)

    assert listener.heard == ["a"]


async def test_it_goes_on_from_where_it_was_and_after_a_fault_from_the_start(revoked):
    """Nothing can be lost with a server that comes back with another memory; nothing known is forgotten."""
    store = ScriptedStore(news("1", "a"), news("2", "b"), FAULT, news("1", "c"), news("1"))
    follower = RevocationFollower(store, revoked)

    outcomes = [await follower.read(0.1) for _ in range(5)]

    assert outcomes == [True, True, False, True, True]
    assert store.cursors == ["", "1", "2", "", "1"]
    assert all(jti in revoked for jti in "abc")


async def test_an_outage_is_two_lines(revoked):
    """One when it begins, one when it is over."""
    follower = RevocationFollower(ScriptedStore(FAULT, FAULT, FAULT, news("1")), revoked)

    with structlog.testing.capture_logs() as lines:
        for _ in range(4):
            await follower.read(0.1)

    assert [line["event"] for line in lines] == ["revocations_unheard", "revocations_heard_again"]


@pytest.mark.parametrize(("policy", "is_let_in", "unchecked"), [("accept", True, 1), ("refuse", False, 0)])
async def test_a_blind_gateway_does_as_it_was_told(revoked, scripted, policy, is_let_in, unchecked):
    """Blind is who has heard nothing for longer than a second; a shorter silence is none."""
    monotonic, counted = scripted.clock(100.0), []
    follower = RevocationFollower(ScriptedStore(news("1"), FAULT), revoked, clock_s=monotonic)
    check = RevocationCheck(revoked, follower, policy, on_unchecked=lambda: counted.append(1))
    await follower.read(0.1)

    monotonic.now_s += BLIND_AFTER_S
    await follower.read(0.1)
    before = check.lets_in()
    monotonic.now_s += 0.001
    after = check.lets_in()

    assert (before, after, len(counted)) == (True, is_let_in, unchecked)


async def test_who_never_heard_anything_is_blind(revoked):
    """From the start."""
    follower = RevocationFollower(ScriptedStore(FAULT), revoked)

    assert RevocationCheck(revoked, follower, "refuse").lets_in() is False


async def test_who_becomes_blind_says_so_once_in_each_outage(revoked, scripted):
    """So that answers from memory are given no longer where the setting is to refuse."""
    monotonic, told = scripted.clock(100.0), []
    store = ScriptedStore(news("1"), FAULT, FAULT, FAULT, news("1"), FAULT, FAULT)
    follower = RevocationFollower(store, revoked, clock_s=monotonic, on_blind=lambda: told.append(monotonic.now_s))

    for _ in range(7):
        await follower.read(0.1)
        monotonic.now_s += BLIND_AFTER_S * 0.75

    assert told == [100.0 + 1.5, 100.0 + 4.5]


async def test_a_server_that_lost_revocations_is_given_them_back(revoked):
    """After an outage: those that are known here and not there, once all of it was read."""
    store = ScriptedStore(news("2", "a", "b", "c"), FAULT, news("1", "b", is_all=False), news("2", "d"), news("2"))
    follower = RevocationFollower(store, revoked)

    given = []
    for _ in range(5):
        await follower.read(0.1)
        given.append(list(store.given_back))

    assert given[2] == []
    assert sorted(given[3]) == sorted(given[4]) == ["a", "c"]


async def test_a_gateway_starts_with_all_pages(revoked):
    """Not with the first of them; and is blind until then."""
    store = ScriptedStore(news("1", "a", is_all=False), news("2", "b", is_all=False), news("3", "c"), news("3"))
    follower = RevocationFollower(store, revoked)
    await follower.read(0.1)
    blind_at_first = follower.is_blind

    async with follower.following():
        known = [jti in revoked for jti in "abc"]

    assert (blind_at_first, known, follower.is_blind) == (True, [True] * 3, False)
