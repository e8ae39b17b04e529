"""What only the engine in memory has: an injected clock and its bounds."""

import pytest

from scalelab.stack.cache.memory import MemoryCache


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


async def fill(cache, key, value=b"v", tag="t", ttl_s=60.0):
    fence = (await cache.get(key, tag)).fence
    return await cache.put(key, value, ttl_s=ttl_s, tag=tag, fence=fence)


@pytest.mark.parametrize(("age_s", "value"), [(0.0, b"v"), (9.999, b"v"), (10.0, None), (11.0, None)])
async def test_an_entry_lives_exactly_as_long_as_it_may(clock, age_s, value):
    """Ten seconds to live: found before they are over, not at their end."""
    cache = MemoryCache(clock_s=clock)
    await fill(cache, b"k", ttl_s=10.0)
    clock.now_s += age_s

    assert (await cache.get(b"k", "t")).value == value


async def test_the_least_recently_used_entry_goes_first():
    """Room for two: the third takes the place of the one not asked for."""
    cache = MemoryCache(max_entries=2)
    await fill(cache, b"a")
    await fill(cache, b"b")
    await cache.get(b"a", "t")
    await fill(cache, b"c")

    assert [(await cache.get(key, "t")).value for key in (b"a", b"b", b"c")] == [b"v", None, b"v"]


async def test_bytes_are_bounded_too():
    """Ten bytes of room: two values of six do not fit, one of eleven never does."""
    cache = MemoryCache(max_bytes=10)
    await fill(cache, b"a", b"123456")
    await fill(cache, b"b", b"123456")
    too_large = await fill(cache, b"c", b"12345678901")

    assert (await cache.get(b"a", "t")).value is None
    assert (await cache.get(b"b", "t")).value == b"123456"
    assert not too_large
    assert repr(cache) == "<memory cache: 1 entries, 6 bytes>"


async def test_nothing_is_left_of_an_invalidated_tag():
    """Neither bytes nor an index."""
    cache = MemoryCache()
    await fill(cache, b"a")
    await fill(cache, b"b")
    await cache.invalidate("t")

    assert repr(cache) == "<memory cache: 0 entries, 0 bytes>"
    assert cache._keys_of_tag == {}
