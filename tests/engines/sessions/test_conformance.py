"""What every engine of sessions promises."""

import asyncio

import pytest

from scalelab.stack.api_gateway.sessions import (
    NewSession,
    Renewal,
    Renewed,
    Replayed,
    Revocation,
    UnknownRefreshToken,
)
from scalelab.stack.api_gateway.sessions.base import MAX_LIVE_TOKENS, MAX_SESSIONS_PER_SUBJECT, MAX_SPENT_HASHES

TTL_S = 1000.0
ACCESS_S = 300.0
SOON_S = 0.05


def hash_of(number):
    return f"{number:064x}"


@pytest.fixture
def login(store, clock):
    """Begins a session whose first refresh token has the hash 0 and whose first access token is called a0."""

    async def begin(family="f", subject="alice", scopes=("x", "y")):
        access = Revocation(f"{family}-a0", clock() + ACCESS_S)
        assert await store.begin(NewSession(family, subject, scopes, hash_of(0), access, TTL_S)) is None

    return begin


@pytest.fixture
def renew(store, clock):
    """Shows the refresh token `number`; the next is `number` + 1."""

    async def show(number, family="f"):
        access = Revocation(f"{family}-a{number + 1}", clock() + ACCESS_S)
        return await store.renew(Renewal(family, hash_of(number), hash_of(number + 1), access, TTL_S))

    return show


@pytest.fixture
def revoked(store):
    """The ids of all revoked tokens, in order."""

    async def read():
        return [one.jti for one in (await store.revocations("", SOON_S)).items]

    return read


async def test_a_session_is_renewed_again_and_again(login, renew, revoked):
    """Each token once, each giving subject and scopes; nothing is revoked."""
    await login()

    outcomes = [await renew(number) for number in range(3)]

    assert outcomes == [Renewed("alice", ("x", "y"))] * 3
    assert await revoked() == []


async def test_a_replay_ends_the_session_and_revokes_its_access_tokens(login, renew, revoked):
    """Who shows a spent token may be a thief, or may have been robbed: neither goes on."""
    await login()
    await renew(0)
    await renew(1)

    outcomes = [await renew(0), await renew(2), await renew(0)]

    assert (outcomes[0].subject, [one.jti for one in outcomes[0].revoked]) == ("alice", ["f-a0", "f-a1", "f-a2"])
    assert outcomes[1:] == [UnknownRefreshToken(), UnknownRefreshToken()]
    assert sorted(await revoked()) == ["f-a0", "f-a1", "f-a2"]


async def test_a_guess_ends_nothing(login, renew, revoked):
    """The id of a session stands in each of its access tokens and is no secret: knowing it is not enough."""
    await login()

    outcomes = [await renew(77), await renew(0, family="other"), await renew(0)]

    assert outcomes == [UnknownRefreshToken(), UnknownRefreshToken(), Renewed("alice", ("x", "y"))]
    assert await revoked() == []


async def test_of_simultaneous_uses_one_succeeds(login, renew):
    """Ten at once: one renews, one is seen as a replay, and then there is no session."""
    await login()

    outcomes = await asyncio.gather(*(renew(0) for _ in range(10)))

    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(Renewed), kinds.count(Replayed), kinds.count(UnknownRefreshToken)) == (1, 1, 8)


async def test_a_session_ends_when_it_was_not_renewed(login, renew, clock):
    """Its time begins anew with each renewal."""
    await login()
    clock.now_s += TTL_S - 1
    assert isinstance(await renew(0), Renewed)
    clock.now_s += TTL_S - 1
    assert isinstance(await renew(1), Renewed)

    clock.now_s += TTL_S

    assert isinstance(await renew(2), UnknownRefreshToken)


async def test_a_logout_revokes_its_token_and_its_session(store, login, renew, revoked, clock):
    """Another session of the same subject goes on."""
    await login("f")
    await login("g")

    told = await store.end("f", Revocation("f-a0", clock() + ACCESS_S))

    assert {one.jti for one in told} == {"f-a0"}
    assert isinstance(await renew(0, "f"), UnknownRefreshToken)
    assert isinstance(await renew(0, "g"), Renewed)
    assert set(await revoked()) == {"f-a0"}


async def test_a_token_without_a_session_is_revoked_alone(store, revoked, clock):
    """And a second time does no harm."""
    access = Revocation("t", clock() + ACCESS_S)

    told = [await store.end("", access) for _ in range(2)]

    assert told == [(access,), (access,)]
    assert set(await revoked()) == {"t"}


async def test_what_has_ended_by_itself_is_not_revoked(store, login, renew, revoked, clock):
    """It needs no entry."""
    await login()
    clock.now_s += ACCESS_S
    await renew(0)

    await store.end("f", Revocation("f-a0", clock()))

    assert await revoked() == ["f-a1"]


async def test_news_come_after_a_cursor(store, clock):
    """Each revocation once, with the time until which it counts."""
    until_s = clock() + ACCESS_S
    await store.end("", Revocation("a", until_s))
    first = await store.revocations("", SOON_S)
    nothing = await store.revocations(first.cursor, SOON_S)
    await store.end("", Revocation("b", until_s))
    second = await store.revocations(nothing.cursor, SOON_S)

    assert first.items == (Revocation("a", until_s),)
    assert nothing.items == ()
    assert second.items == (Revocation("b", until_s),)


async def test_who_waits_hears_at_once(store, clock):
    """Long before its patience is over."""
    waiting = asyncio.create_task(store.revocations("", 30.0))
    await asyncio.sleep(SOON_S)

    await store.end("", Revocation("a", clock() + ACCESS_S))

    async with asyncio.timeout(5.0):
        assert [one.jti for one in (await waiting).items] == ["a"]


async def test_a_session_holds_a_bounded_number_of_live_tokens(login, renew, revoked):
    """One more, and the oldest is revoked."""
    await login()
    for number in range(MAX_LIVE_TOKENS + 1):
        await renew(number)

    assert await revoked() == ["f-a0", "f-a1"]


async def test_a_session_knows_a_bounded_number_of_spent_tokens(login, renew):
    """The oldest are unknown, which is refused as well."""
    await login()
    for number in range(MAX_SPENT_HASHES + 1):
        await renew(number)

    assert isinstance(await renew(0), UnknownRefreshToken)
    assert isinstance(await renew(1), Replayed)


async def test_a_subject_has_a_bounded_number_of_sessions(login, renew):
    """The oldest can be renewed no longer; others' are not touched."""
    await login("other", subject="bob")
    for number in range(MAX_SESSIONS_PER_SUBJECT + 1):
        await login(f"f{number:04d}")

    assert isinstance(await renew(0, "f0000"), UnknownRefreshToken)
    assert isinstance(await renew(0, "f0001"), Renewed)
    assert isinstance(await renew(0, "other"), Renewed)
