"""What every cache engine must do, asked of each."""

import asyncio

import pytest


async def fill(cache, key, value, tag="record:1", ttl_s=60.0):
    fence = (await cache.get(key, tag)).fence
    return await cache.put(key, value, ttl_s=ttl_s, tag=tag, fence=fence)


async def test_a_miss_gives_the_fence_of_its_moment(cache):
    """Nothing stored: no value, no fault, a fence to store with."""
    lookup = await cache.get(b"k", "record:1")

    assert (lookup.value, lookup.fault) == (None, None)
    assert isinstance(lookup.fence, int)


@pytest.mark.parametrize("value", [b"", b"x", bytes(range(256)) * 300], ids=["empty", "one", "binary"])
async def test_what_was_stored_comes_back(cache, value):
    """Any bytes, byte for byte."""
    stored = await fill(cache, b"\x00key\xff", value)

    assert stored
    assert (await cache.get(b"\x00key\xff", "record:1")).value == value


async def test_key_and_tag_both_tell_entries_apart(cache):
    """The same key under another tag, or another key under the same tag, is another entry."""
    await fill(cache, b"k", b"one", tag="record:1")

    assert (await cache.get(b"k", "record:2")).value is None
    assert (await cache.get(b"l", "record:1")).value is None


async def test_tag_and_key_do_not_run_into_each_other(cache):
    """A tag that ends like another begins shares nothing with it."""
    await fill(cache, b"c", b"one", tag="a:b")
    await fill(cache, b"b:c", b"two", tag="a")

    await cache.invalidate("a")

    assert (await cache.get(b"c", "a:b")).value == b"one"
    assert (await cache.get(b"b:c", "a")).value is None


async def test_a_second_fill_replaces_the_first(cache):
    """Two fills of one moment: the later one stays."""
    fence = (await cache.get(b"k", "record:1")).fence
    await cache.put(b"k", b"old", ttl_s=60, tag="record:1", fence=fence)
    await cache.put(b"k", b"new", ttl_s=60, tag="record:1", fence=fence)

    assert (await cache.get(b"k", "record:1")).value == b"new"


async def test_a_hit_gives_a_fence_too(cache):
    """Who found an entry and fetches anew all the same may store what was fetched."""
    await fill(cache, b"k", b"old")
    fence = (await cache.get(b"k", "record:1")).fence

    assert await cache.put(b"k", b"new", ttl_s=60, tag="record:1", fence=fence)
    assert (await cache.get(b"k", "record:1")).value == b"new"


async def test_invalidation_takes_all_entries_of_its_tag_and_no_other(cache):
    """Two views of record 1 go, record 2 stays."""
    await fill(cache, b"data", b"1", tag="record:1")
    await fill(cache, b"process", b"1", tag="record:1")
    await fill(cache, b"data", b"2", tag="record:2")

    fault = await cache.invalidate("record:1")

    assert fault is None
    assert (await cache.get(b"data", "record:1")).value is None
    assert (await cache.get(b"process", "record:1")).value is None
    assert (await cache.get(b"data", "record:2")).value == b"2"


async def test_several_tags_are_invalidated_in_one_step(cache):
    """Entries and fills in flight of each."""
    await fill(cache, b"data", b"1", tag="record:1")
    in_flight = (await cache.get(b"process", "process:1")).fence

    fault = await cache.invalidate("record:1", "process:1")

    assert fault is None
    assert (await cache.get(b"data", "record:1")).value is None
    assert not await cache.put(b"process", b"old", ttl_s=60, tag="process:1", fence=in_flight)


async def test_a_fill_that_began_before_a_write_does_not_land_after_it(cache):
    """Miss, write elsewhere, late fill with the old value: refused. A fill from after the write: stored."""
    before = (await cache.get(b"k", "record:1")).fence
    await cache.invalidate("record:1")

    late = await cache.put(b"k", b"old", ttl_s=60, tag="record:1", fence=before)
    after = await fill(cache, b"k", b"new")

    assert (late, after) == (False, True)
    assert (await cache.get(b"k", "record:1")).value == b"new"


async def test_a_write_does_not_stop_the_fills_of_other_tags(cache):
    """The fence is the tag's own."""
    before = (await cache.get(b"k", "record:1")).fence
    await cache.invalidate("record:2")

    assert await cache.put(b"k", b"v", ttl_s=60, tag="record:1", fence=before)


async def test_flush_empties_and_stops_the_fills_in_flight(cache):
    """Nothing is found afterwards, and a fill from before it is refused for every tag."""
    await fill(cache, b"a", b"1", tag="record:1")
    in_flight = (await cache.get(b"b", "record:2")).fence

    fault = await cache.flush()
    late = await cache.put(b"b", b"2", ttl_s=60, tag="record:2", fence=in_flight)

    assert fault is None
    assert not late
    assert (await cache.get(b"a", "record:1")).value is None
    assert await fill(cache, b"a", b"new", tag="record:1")


async def test_a_forgotten_invalidation_still_refuses_the_fill(forgetful_cache):
    """Memory of invalidations is bounded; a fill older than the memory is refused, not trusted."""
    before = (await forgetful_cache.get(b"k", "record:1")).fence
    for number in range(1, 20):
        await forgetful_cache.invalidate(f"record:{number}")

    assert not await forgetful_cache.put(b"k", b"old", ttl_s=60, tag="record:1", fence=before)
    assert await fill(forgetful_cache, b"k", b"new")


async def test_entries_outlive_the_forgetting_of_invalidations(forgetful_cache):
    """Entries of other tags stay when old fences go."""
    await fill(forgetful_cache, b"k", b"v", tag="record:100")
    for number in range(1, 20):
        await forgetful_cache.invalidate(f"record:{number}")

    assert (await forgetful_cache.get(b"k", "record:100")).value == b"v"


async def test_concurrent_writes_and_fills_never_leave_an_old_value(cache):
    """Readers fill what they read while a writer writes and invalidates: the cache ends with the truth or nothing."""
    truth = 0

    async def read():
        lookup = await cache.get(b"k", "record:1")
        if lookup.value is None:
            seen = truth
            await asyncio.sleep(0)
            await cache.put(b"k", b"%d" % seen, ttl_s=60, tag="record:1", fence=lookup.fence)

    async def write():
        nonlocal truth
        truth += 1
        await cache.invalidate("record:1")

    for _ in range(50):
        await asyncio.gather(read(), read(), write(), read(), write(), read())

    left = (await cache.get(b"k", "record:1")).value
    assert left in {None, b"%d" % truth}


async def test_nothing_is_stored_while_a_write_is_under_way(cache):
    """From its beginning to its end, whatever fence is shown; another's write does not end it."""
    await cache.invalidate("record:1", writer="one", hold_s=60)
    await cache.invalidate("record:1", writer="two", hold_s=60)
    during = await fill(cache, b"k", b"v")
    await cache.invalidate("record:1", writer="two")
    still_one = await fill(cache, b"k", b"v")
    other_tag = await fill(cache, b"k", b"v", tag="record:2")
    await cache.invalidate("record:1", writer="one")

    assert (during, still_one, other_tag) == (False, False, True)
    assert await fill(cache, b"k", b"v")


async def test_who_misses_while_a_write_is_under_way_is_told(cache):
    """What was fetched before it came may be old already: neither leads nor follows."""
    await cache.invalidate("record:1", writer="one", hold_s=60)
    during = await cache.get(b"k", "record:1", claims=True)
    await cache.invalidate("record:1", writer="one")
    after = await cache.get(b"k", "record:1", claims=True)

    assert (during.turn, after.turn) == ("held", "lead")


async def test_a_writer_that_is_never_heard_of_again_is_forgotten(cache):
    """After its time, fills land again."""
    await cache.invalidate("record:1", writer="one", hold_s=0.02)
    await asyncio.sleep(0.05)

    assert await fill(cache, b"k", b"v")


async def test_a_key_whose_answers_are_nobody_elses(cache):
    """For a while nobody leads or follows."""
    fence = (await cache.get(b"k", "record:1", claims=True)).fence
    await cache.release(b"k", "record:1", fence=fence, alone_s=60)

    assert (await cache.get(b"k", "record:1", claims=True)).turn == "alone"
    await cache.flush()
    assert (await cache.get(b"k", "record:1", claims=True)).turn == "lead"


async def test_it_answers_a_ping(cache):
    """No fault."""
    assert await cache.ping() is None
