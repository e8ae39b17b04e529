"""What is special about sessions on a server."""

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.sessions import NewSession, Renewal, Revocation, Revocations, SessionFault
from scalelab.stack.api_gateway.sessions.scripts import PREFIX, REVOKED_KEY
from scalelab.stack.api_gateway.sessions.valkey import PAGE, ValkeySessionStore
from scalelab.stack.cache.valkey import ValkeyCache

HASH = "a" * 64


def session(clock, family="f", ttl_s=1000.0):
    return NewSession(family, "alice", (), HASH, Revocation("t", clock() + 300), ttl_s)


async def test_nothing_has_a_time_to_live_of_the_servers(valkey_store, server, clock):
    """`volatile-lru` may evict only what has one: neither a session nor a revocation."""
    await valkey_store.begin(session(clock))
    await valkey_store.end("", Revocation("u", clock() + 300))

    keys = server.keys("*")

    assert {key.removeprefix(PREFIX) for key in keys} == {"f:f", "families", "s:alice", "revoked"}
    assert {server.ttl(key) for key in keys} == {-1}


async def test_a_flush_of_the_cache_does_not_meet_them(valkey_store, valkey_socket, server, clock):
    """Who empties the response cache logs nobody out and forgives nobody."""
    await valkey_store.begin(session(clock))
    await valkey_store.end("", Revocation("u", clock() + 300))
    before = {key: server.type(key) for key in server.keys("*")}
    cache = ValkeyCache(f"unix://{valkey_socket}", call_timeout_s=5.0)

    assert await cache.flush() is None
    await cache.aclose()

    assert before.items() <= {key: server.type(key) for key in server.keys("*")}.items()


async def test_sessions_that_are_over_are_cleared_away(valkey_store, server, clock):
    """Little by little, by whatever comes next."""
    for number in range(30):
        await valkey_store.begin(session(clock, f"f{number}", ttl_s=10.0))
    clock.now_s += 10.0

    for number in range(2):
        await valkey_store.begin(session(clock, f"g{number}"))

    assert sorted(server.keys(f"{PREFIX}f:*")) == [f"{PREFIX}f:g0", f"{PREFIX}f:g1"]


async def test_only_hashes_are_stored(valkey_store, server, clock):
    """What stands in the server lets nobody in."""
    await valkey_store.begin(session(clock))

    assert server.hgetall(f"{PREFIX}f:f") == {
        "subject": "alice",
        "scopes": "",
        "current": HASH,
        "spent": "",
        "access": f"t {round((clock() + 300) * 1000)}",
    }


async def test_a_server_that_is_not_there_is_a_fault(tmp_path, clock):
    """Never a yes, never an exception."""
    client = redis.asyncio.Redis(unix_socket_path=str(tmp_path / "none.sock"), decode_responses=True)
    store = ValkeySessionStore(client, 600.0)

    outcomes = [
        await store.begin(session(clock)),
        await store.renew(Renewal("f", HASH, HASH, Revocation("t", 0), 1.0)),
        await store.end("f", Revocation("t", 0)),
        await store.revocations("", 0.1),
    ]
    await store.aclose()

    assert [type(outcome) for outcome in outcomes] == [SessionFault] * 4


@pytest.mark.parametrize("key", [f"{PREFIX}f:f", f"{PREFIX}families", REVOKED_KEY])
async def test_a_value_of_another_kind_is_a_fault(valkey_store, server, clock, key):
    """A foreign value under one of our names ends in a 503, not in a 500."""
    await valkey_store.begin(session(clock))
    server.delete(key)
    server.set(key, "foreign")

    outcomes = [
        await valkey_store.renew(Renewal("f", HASH, "b" * 64, Revocation("u", clock() + 300), 1000.0)),
        await valkey_store.end("f", Revocation("t", clock() + 300)),
        await valkey_store.revocations("", 0.05),
    ]

    assert any(isinstance(outcome, SessionFault) for outcome in outcomes)
    assert not isinstance(outcomes[0], Revocations)


async def test_foreign_entries_of_the_stream_are_passed_over(valkey_store, server, clock):
    """They hide none of ours."""
    server.xadd(REVOKED_KEY, {"something": "else"})
    server.xadd(REVOKED_KEY, {"jti": "a", "until_ms": "soon"})
    await valkey_store.end("", Revocation("b", clock() + 300))

    assert [one.jti for one in (await valkey_store.revocations("", 0.05)).items] == ["b"]


async def test_more_than_a_page_is_read_page_by_page(valkey_store, clock):
    """Each says whether there is more."""
    for number in range(PAGE + 1):
        await valkey_store.end("", Revocation(f"t{number}", clock() + 300))

    first = await valkey_store.revocations("", 0.05)
    second = await valkey_store.revocations(first.cursor, 0.05)

    assert (len(first.items), first.is_all) == (PAGE, False)
    assert ([one.jti for one in second.items], second.is_all) == ([f"t{PAGE}"], True)
