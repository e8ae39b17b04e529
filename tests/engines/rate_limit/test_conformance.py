"""What every count of requests promises: three at once, two a second."""

import asyncio

import pytest
import redis.asyncio

from scalelab.stack.api_gateway.rate_limit import RateRule, SharedRateCounts


async def test_a_burst_is_allowed_and_no_more(counts):
    """Of ten at the same time exactly three; the others hear when."""
    standings = await asyncio.gather(*(counts.take("alice") for _ in range(10)))

    allowed = [standing for standing in standings if standing.is_allowed]
    refused = [standing for standing in standings if not standing.is_allowed]
    assert sorted(standing.remaining for standing in allowed) == [0, 1, 2]
    assert len(refused) == 7
    assert all(0 < standing.retry_after_s <= 0.5 for standing in refused)
    assert all(1.0 < standing.reset_s <= 1.5 for standing in refused)


async def test_names_are_counted_apart(counts):
    """One who asks too often takes nothing from another."""
    for _ in range(5):
        await counts.take("alice")

    assert (await counts.take("bob")).remaining == 2


async def test_what_time_gives_back_is_given(counts):
    """After the time that was told, the next one is let in."""
    for _ in range(3):
        await counts.take("alice")
    refused = await counts.take("alice")

    await asyncio.sleep(refused.retry_after_s + 0.01)

    assert (await counts.take("alice")).is_allowed


async def test_two_gateways_share_their_counts(server, valkey_socket):
    """Three between them, not three each; and the count ends by itself."""
    clients = [redis.asyncio.Redis(unix_socket_path=str(valkey_socket), decode_responses=True) for _ in range(2)]
    gateways = [SharedRateCounts(client, RateRule(2.0, 3), call_timeout_s=5.0) for client in clients]

    standings = [await gateways[number % 2].take("alice") for number in range(6)]
    (key,) = server.keys("scalelab:rate:*")
    left_ms = server.pttl(key)
    for gateway in gateways:
        await gateway.aclose()

    assert [standing.is_allowed for standing in standings] == [True] * 3 + [False] * 3
    assert 0 < left_ms <= 1501
    assert "alice" not in key


@pytest.mark.parametrize("value", ["garbage", ""])
async def test_what_stands_there_by_accident_is_no_count(server, counts, value):
    """A key of another kind is a fault, a value that is no number is none."""
    if not isinstance(counts, SharedRateCounts):
        return
    await counts.take("alice")
    (key,) = server.keys("scalelab:rate:*")
    server.set(key, value)

    assert (await counts.take("alice")).is_allowed


async def test_a_server_that_is_away_is_a_fault():
    """Bounded, and nothing is raised."""
    client = redis.asyncio.Redis(unix_socket_path="/nowhere/valkey.sock")
    counts = SharedRateCounts(client, RateRule(2.0, 3))

    assert await counts.take("alice") is None
    await counts.aclose()
