"""The peers' line on a real server."""

import asyncio
from contextlib import aclosing

import pytest

from scalelab.stack.cache.peer_scripts import LEASES_KEY, PREFIX, TOLD_CHANNEL
from scalelab.stack.cache.peers import Acknowledged, Announced, Heard
from scalelab.stack.cache.valkey_peers import ValkeyPeers

LIMIT_S = 5.0
LEASE_S = 60.0


@pytest.fixture
async def two(valkey_url, server_client):
    """Two members, patient ones."""
    members = [ValkeyPeers(valkey_url, name, call_timeout_s=LIMIT_S) for name in ("a", "b")]
    yield members
    for member in members:
        await member.aclose()


async def next_of(said):
    async with asyncio.timeout(LIMIT_S):
        return await anext(said)


async def test_an_announcement_is_heard_and_answered_for(two):
    """It names those who have leases; its position is the one that renewals give from then on."""
    ours, other = two
    async with aclosing(other.listen()) as heard, aclosing(ours.listen()) as answers:
        opened = [await next_of(heard), await next_of(answers)]
        before = await other.renew(LEASE_S)
        announced = await ours.announce("tag", ("record:1", "odd name"), LEASE_S)
        said = await next_of(heard)
        await other.acknowledge(said)
        own, answer = await next_of(answers), await next_of(answers)
        after = await other.renew(LEASE_S)

    assert opened == [None, None]
    assert isinstance(announced, Announced)
    assert (announced.position, after) == (before + 1, before + 1)
    assert said == own == Heard(announced.position, "a", "tag", ("record:1", "odd name"))
    assert answer == Acknowledged(announced.position, "b")
    assert list(announced.leases_s) == ["b"]
    assert LEASE_S - 5 < announced.leases_s["b"] <= LEASE_S


async def test_who_has_left_or_is_over_is_not_waited_for(two, server_client):
    """Nor kept."""
    ours, other = two
    await ours.renew(0.01)
    await other.renew(LEASE_S)
    await other.leave()
    await asyncio.sleep(0.03)

    announced = await ours.announce("everything", (), LEASE_S)

    assert announced.leases_s == {}
    assert server_client.zcard(LEASES_KEY) == 0


async def test_a_server_that_lost_its_data_says_how_long_to_wait(two, server_client):
    """Positions grow all the same."""
    ours, _ = two
    first = await ours.renew(LEASE_S)
    server_client.flushall()

    announced = await ours.announce("tag", ("t",), LEASE_S)

    assert announced.position > first
    assert LEASE_S - 5 < announced.grace_s <= LEASE_S


async def test_foreign_messages_are_nothing(two, server_client):
    """Whatever somebody publishes there."""
    ours, _ = two
    async with aclosing(ours.listen()) as said:
        await next_of(said)
        for text in ("", "x", "1", "1 a", "1 a {", '1 a "tag"', "x a [1, 2]", b"\xff\xfe"):
            server_client.publish(TOLD_CHANNEL, text)
        await ours.announce("tag", ("t",), LEASE_S)
        heard = await next_of(said)

    assert heard.names == ("t",)


async def test_a_line_that_is_cut_ends(two, server_client):
    """Without an exception; listening again works."""
    ours, _ = two
    async with aclosing(ours.listen()) as said:
        await next_of(said)
        server_client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        with pytest.raises(StopAsyncIteration):
            await next_of(said)
    async with aclosing(ours.listen()) as said:
        assert await next_of(said) is None


async def test_no_server_at_all_is_a_fault(tmp_path):
    """Of each call; a line that never opens ends at once."""
    peers = ValkeyPeers(f"unix://{tmp_path}/none.sock", "a")

    outcomes = [await peers.renew(1.0), await peers.announce("tag", ("t",), 1.0)]
    await peers.leave()
    said = [one async for one in peers.listen()]
    await peers.aclose()

    assert (outcomes, said) == (["unavailable", "unavailable"], [])


async def test_its_keys_stand_under_one_prefix(two, server_client):
    """Nobody else's are touched."""
    await two[0].renew(1.0)
    await two[0].announce("tag", ("t",), 1.0)

    assert all(key.decode().startswith(PREFIX) for key in server_client.keys("*"))
