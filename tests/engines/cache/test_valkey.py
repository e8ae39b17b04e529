"""What only the engine on a real server can get wrong."""

import asyncio
import os
import random
import signal
import time
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from scalelab.stack.cache.breaker import FAULTS_TO_OPEN, REST_S
from scalelab.stack.cache.lease_keeper import LEASE_S
from scalelab.stack.cache.valkey import MAX_ENTRIES_PER_TAG, ValkeyCache
from scalelab.stack.cache.valkey_scripts import ENTRIES_PREFIX, KEY_PREFIX, STATE_KEY


@pytest.fixture
def faults():
    return []


@pytest.fixture
async def cache(valkey_url, server_client, faults):
    engine = ValkeyCache(valkey_url, on_fault=faults.append, call_timeout_s=5.0)
    yield engine
    await engine.aclose()


@pytest.fixture
async def hasty_cache(valkey_url, server_client, faults):
    """With the bound of production."""
    engine = ValkeyCache(valkey_url, on_fault=faults.append)
    await engine.ping()
    faults.clear()
    yield engine
    await engine.aclose()


async def fill(cache, key, value, tag="record:1", ttl_s=60.0):
    fence = (await cache.get(key, tag)).fence
    return await cache.put(key, value, ttl_s=ttl_s, tag=tag, fence=fence)


def entry_keys(client):
    return list(client.scan_iter(f"{ENTRIES_PREFIX}*"))


@contextmanager
def hanging(client):
    """The server's process is stopped: it takes bytes and answers nothing."""
    pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_an_entry_expires_by_the_servers_clock(cache, server_client):
    """Past its time to live it is a miss, and the server forgets its key."""
    await fill(cache, b"k", b"v", ttl_s=0.05)
    await asyncio.sleep(0.12)

    assert (await cache.get(b"k", "record:1")).value is None
    assert entry_keys(server_client) == []


async def test_a_short_entry_expires_beside_a_long_one_of_its_tag(cache):
    """Each entry of a tag has a time to live of its own."""
    await fill(cache, b"short", b"v", ttl_s=0.05)
    await fill(cache, b"long", b"v", ttl_s=60)
    await asyncio.sleep(0.12)

    assert (await cache.get(b"short", "record:1")).value is None
    assert (await cache.get(b"long", "record:1")).value == b"v"


async def test_every_entry_key_has_a_time_to_live(cache, server_client):
    """Nothing that a client can cause stays for ever."""
    await fill(cache, b"k", b"v", ttl_s=60)
    await fill(cache, b"l", b"v", ttl_s=5)

    assert [0 < server_client.pttl(key) <= 60_000 for key in entry_keys(server_client)] == [True]


async def test_the_entries_of_one_tag_are_bounded(cache, server_client):
    """A tag with very many entries is emptied, so that queries made up by a client do not fill the server."""
    fence = (await cache.get(b"k", "record:1")).fence
    for number in range(MAX_ENTRIES_PER_TAG + 10):
        await cache.put(b"%d" % number, b"v", ttl_s=60, tag="record:1", fence=fence)

    assert [server_client.hlen(key) for key in entry_keys(server_client)] == [10]


async def test_expired_entries_of_a_tag_are_cleared_by_later_fills(cache, server_client):
    """They do not wait for the last of their tag."""
    fence = (await cache.get(b"k", "record:1")).fence
    for number in range(32):
        await cache.put(b"old%d" % number, b"v", ttl_s=0.001, tag="record:1", fence=fence)
    await cache.put(b"long", b"v", ttl_s=60, tag="record:1", fence=fence)
    await asyncio.sleep(0.01)
    for number in range(64):
        await cache.put(b"new%d" % number, b"v", ttl_s=60, tag="record:1", fence=fence)

    assert [server_client.hlen(key) for key in entry_keys(server_client)] == [65]


async def test_flush_leaves_the_task_queue_alone(cache, server_client):
    """Tens of thousands of entries go, foreign keys stay."""
    server_client.rpush("dramatiq:longtask", "message")
    fence = (await cache.get(b"k", "record:1")).fence
    await asyncio.gather(
        *(cache.put(b"k", b"v" * 200, ttl_s=60, tag=f"record:{number}", fence=fence) for number in range(5000))
    )

    fault = await cache.flush()

    assert fault is None
    assert entry_keys(server_client) == []
    assert server_client.lrange("dramatiq:longtask", 0, -1) == [b"message"]


async def test_a_second_client_sees_and_invalidates_the_same_entries(cache, valkey_url):
    """Two gateways, one cache: a write at one is seen by the other, fills in flight included."""
    other = ValkeyCache(valkey_url, call_timeout_s=5.0)
    await fill(cache, b"k", b"old")
    in_flight = (await other.get(b"l", "record:1")).fence

    await other.invalidate("record:1")
    late = await other.put(b"l", b"old", ttl_s=60, tag="record:1", fence=in_flight)
    seen = await cache.get(b"k", "record:1")
    await other.aclose()

    assert (seen.value, late) == (None, False)


async def test_a_fill_does_not_survive_a_restart_of_the_server(cache, server_client):
    """The server lost its data, and with it an invalidation: the fill from before is refused."""
    before = (await cache.get(b"k", "record:1")).fence
    await cache.invalidate("record:1")
    server_client.flushall()

    at_once = await cache.put(b"k", b"old", ttl_s=60, tag="record:1", fence=before)
    await cache.get(b"other", "record:2")
    later = await cache.put(b"k", b"old", ttl_s=60, tag="record:1", fence=before)

    assert (at_once, later) == (False, False)


async def test_a_value_of_the_wrong_type_is_a_counted_miss_and_heals(cache, server_client, faults):
    """Somebody else's string in the place of the entries: a torn miss, replaced by the next fill."""
    await fill(cache, b"k", b"v")
    key = entry_keys(server_client)[0]
    server_client.set(key, "foreign")

    lookup = await cache.get(b"k", "record:1")
    stored = await cache.put(b"k", b"new", ttl_s=60, tag="record:1", fence=lookup.fence)

    assert (lookup.value, lookup.fault, faults) == (None, "torn", ["torn"])
    assert stored
    assert (await cache.get(b"k", "record:1")).value == b"new"


async def test_a_value_without_its_expiry_is_a_counted_miss(cache, server_client, faults):
    """A field that this engine did not write."""
    await fill(cache, b"k", b"v")
    server_client.hset(entry_keys(server_client)[0], "k", "foreign value")

    lookup = await cache.get(b"k", "record:1")

    assert (lookup.value, lookup.fault, faults) == (None, "torn", ["torn"])


async def test_state_of_the_wrong_type_is_a_fault(cache, server_client, faults):
    """Without its state the engine neither finds nor stores nor claims to have invalidated."""
    server_client.set(STATE_KEY, "foreign")

    lookup = await cache.get(b"k", "record:1")
    fault = await cache.invalidate("record:1")

    assert (lookup.value, lookup.fence, lookup.fault) == (None, None, "torn")
    assert fault == "torn"
    assert faults == ["torn", "torn"]


async def test_a_server_that_hangs_costs_a_bounded_wait_and_one_log_line(hasty_cache, server_client, faults):
    """A hundred lookups against a paused server: all end as timeouts, soon, with one warning."""
    with hanging(server_client), capture_logs() as lines:
        began_s = time.monotonic()
        lookups = await asyncio.gather(*(hasty_cache.get(b"%d" % number, "record:1") for number in range(100)))
        lasted_s = time.monotonic() - began_s

    assert {lookup.fault for lookup in lookups} <= {"timeout", "unavailable"}
    assert len(faults) == 100
    assert [line["event"] for line in lines] == ["cache_outage_began"]
    assert lasted_s < 2.0  # 50 ms and room for a busy machine


async def test_a_stall_of_our_own_loop_is_not_the_servers_fault(hasty_cache, faults):
    """The loop is busy for longer than the bound while the answer lies in the socket: it is taken."""
    await fill(hasty_cache, b"k", b"v")
    looking = asyncio.create_task(hasty_cache.get(b"k", "record:1"))
    for _ in range(3):
        await asyncio.sleep(0)
    time.sleep(0.08)  # noqa: ASYNC251  the stall

    assert (await looking).value == b"v"
    assert faults == []


async def test_answers_that_come_too_late_reach_nobody_else(hasty_cache, server_client):
    """After a pause, a connection with a stale answer in it is not used again: every key gets its own value."""
    fence = (await hasty_cache.get(b"k", "record:1")).fence
    for number in range(20):
        await hasty_cache.put(b"%d" % number, b"%d" % number, ttl_s=60, tag="record:1", fence=fence)
    with hanging(server_client):
        await asyncio.gather(*(hasty_cache.get(b"%d" % number, "record:1") for number in range(20)))
    await asyncio.sleep(2 * REST_S)

    found = [(await hasty_cache.get(b"%d" % number, "record:1")).value for number in range(20)]

    assert found == [b"%d" % number for number in range(20)]


async def test_callers_that_are_cancelled_lose_no_connection_and_mix_no_answers(cache):
    """Clients that hang up in the middle of a lookup: whoever stays gets the own value, and the pool is whole."""
    fence = (await cache.get(b"k", "record:1")).fence
    for number in range(50):
        await cache.put(b"%d" % number, b"%d" % number, ttl_s=60, tag="record:1", fence=fence)
    draws = random.Random(1)

    for _ in range(10):
        looking = [asyncio.create_task(cache.get(b"%d" % number, "record:1")) for number in range(50)]
        for task in looking:
            if draws.random() < 0.5:
                await asyncio.sleep(0)
                task.cancel()
        found = await asyncio.gather(*looking, return_exceptions=True)
        stayed = [
            (number, lookup.value) for number, lookup in enumerate(found) if not isinstance(lookup, BaseException)
        ]
        assert all(value == b"%d" % number for number, value in stayed)

    found = await asyncio.gather(*(cache.get(b"%d" % number, "record:1") for number in range(50)))
    assert [lookup.value for lookup in found] == [b"%d" % number for number in range(50)]


async def test_no_server_at_all_is_a_fault_of_each_call(tmp_path):
    """Nothing listens: every method says so and raises nothing."""
    faults = []
    cache = ValkeyCache(f"unix://{tmp_path}/none.sock", on_fault=faults.append)

    lookup = await cache.get(b"k", "record:1")
    stored = await cache.put(b"k", b"v", ttl_s=60, tag="record:1", fence=1)
    told = (await cache.invalidate("record:1"), await cache.flush(), await cache.ping())
    await cache.aclose()

    assert (lookup.value, lookup.fence, lookup.fault) == (None, None, "unavailable")
    assert not stored
    assert told == ("unavailable",) * 3
    assert faults == ["unavailable"] * 5


async def test_all_keys_stand_under_the_prefix(cache, server_client):
    """So that whoever looks into the server knows whose they are."""
    await fill(cache, b"k", b"v")
    await cache.invalidate("record:2")

    assert all(key.decode().startswith(KEY_PREFIX) for key in server_client.keys("*"))
    assert repr(cache).startswith("<valkey cache at unix:///tmp/vk")


async def test_a_server_that_hangs_is_left_alone_and_found_again(hasty_cache, server_client):
    """C42: after a few faults nobody waits any longer; when the server is back, so is the cache, by itself."""
    await fill(hasty_cache, b"k", b"v")
    with hanging(server_client):
        for _ in range(FAULTS_TO_OPEN):
            await hasty_cache.get(b"k", "record:1")
        began_s = time.monotonic()
        lookups = [await hasty_cache.get(b"k", "record:1") for _ in range(100)]
        lasted_s = time.monotonic() - began_s
    await asyncio.sleep(2 * REST_S)

    assert {lookup.fault for lookup in lookups} <= {"timeout", "unavailable"}
    assert lasted_s < 1.0  # one try of 50 ms at most, and room for a busy machine
    assert (await hasty_cache.get(b"k", "record:1")).value == b"v"


async def test_one_process_leads_and_the_other_follows(cache, valkey_url):
    """C17: until the entry is there."""
    other = ValkeyCache(valkey_url, call_timeout_s=5.0)

    first = await cache.get(b"k", "record:1", claims=True)
    again = await cache.get(b"k", "record:1", claims=True)
    second = await other.get(b"k", "record:1", claims=True)
    unclaimed = await other.get(b"k", "record:1")
    await cache.put(b"k", b"v", ttl_s=60, tag="record:1", fence=first.fence)
    found = await other.get(b"k", "record:1", claims=True)
    await other.aclose()

    assert [one.turn for one in (first, again, second, unclaimed)] == ["lead", "lead", "follow", "lead"]
    assert found.value == b"v"
    assert 59 < found.remaining_s <= 60


@pytest.mark.parametrize(("alone_s", "turn"), [(0.0, "lead"), (60.0, "alone")])
async def test_a_lease_that_is_given_up(cache, valkey_url, alone_s, turn):
    """C20, C21: another leads, or all go alone because the answer is nobody else's."""
    other = ValkeyCache(valkey_url, call_timeout_s=5.0)
    first = await cache.get(b"k", "record:1", claims=True)

    await cache.release(b"k", "record:1", fence=first.fence, alone_s=alone_s)
    second = await other.get(b"k", "record:1", claims=True)
    await other.aclose()

    assert second.turn == turn


async def test_an_invalidation_ends_a_lease(cache, valkey_url):
    """Who misses after a write does not wait for a fetch from before it, nor is it disturbed by that one's end."""
    other = ValkeyCache(valkey_url, call_timeout_s=5.0)
    old = await cache.get(b"k", "record:1", claims=True)
    await cache.invalidate("record:1")

    new = await other.get(b"k", "record:1", claims=True)
    await cache.release(b"k", "record:1", fence=old.fence)
    late = await cache.get(b"k", "record:1", claims=True)
    await other.aclose()

    assert (new.turn, late.turn) == ("lead", "follow")
    assert new.generation > old.generation


async def test_a_lease_lasts_as_long_as_its_holder_works_and_no_longer(valkey_url, server_client):
    """C30: kept alive by a holder that lives, gone soon after one that was killed."""
    holder, other = (ValkeyCache(valkey_url, call_timeout_s=5.0) for _ in range(2))
    await holder.get(b"k", "record:1", claims=True)
    await asyncio.sleep(LEASE_S * 1.3)
    while_it_lives = await other.get(b"k", "record:1", claims=True)
    await holder.aclose()  # as if it was killed: nothing is released
    await asyncio.sleep(LEASE_S * 1.3)
    afterwards = await other.get(b"k", "record:1", claims=True)
    await other.aclose()

    assert (while_it_lives.turn, afterwards.turn) == ("follow", "lead")


async def test_leases_and_holds_have_a_time_to_live(cache, server_client):
    """Nothing that a client or a crash can cause stays for ever."""
    await cache.get(b"k", "record:1", claims=True)
    await cache.invalidate("record:2", writer="w", hold_s=30.0)

    keys = [*server_client.scan_iter("scalelab:cache:l:*"), *server_client.scan_iter("scalelab:cache:w:*")]

    assert len(keys) == 2
    assert all(server_client.pttl(key) > 0 for key in keys)
