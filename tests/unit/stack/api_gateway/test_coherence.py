"""When memory may be trusted, and when an announcement is done: told against peers that follow a script."""

import asyncio

import pytest

from scalelab.stack.api_gateway.coherence import LEASE_S, MARGIN_S, Coherence
from scalelab.stack.cache.peers import Acknowledged, Announced, Heard


class ScriptedPeers:
    """What is said comes from a queue; a renewal is answered with the position that stands in the script."""

    member = "me"

    def __init__(self):
        self.said = asyncio.Queue()
        self.position = 7
        self.announced = Announced(8, {}, 0.0)
        self.acknowledged = []
        self.renewals = 0
        self.has_left = False
        self.was_renewed = asyncio.Event()

    async def renew(self, _lease_s):
        self.renewals += 1
        self.was_renewed.set()
        return self.position

    async def announce(self, kind, names, _lease_s):
        self.told = (kind, names)
        return self.announced

    async def acknowledge(self, heard):
        self.acknowledged.append(heard.position)

    async def leave(self):
        self.has_left = True

    async def listen(self):
        while (one := await self.said.get()) != "lost":
            yield one

    async def aclose(self):
        """Nothing is held."""


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def peers():
    return ScriptedPeers()


@pytest.fixture
def done():
    """What the handlers were told."""
    return []


@pytest.fixture
async def coherence(peers, clock, done):
    coherence = Coherence(peers, steady_clock_s=clock)
    coherence.on("tag", lambda names: done.append(("tag", *names)))
    coherence.on("everything", lambda _names: done.append("everything"))
    async with coherence.opened():
        yield coherence


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def subscribed(peers, coherence):
    """Until the first lease is there."""
    peers.said.put_nowait(None)
    await settle()
    peers.was_renewed.clear()
    await peers.was_renewed.wait()
    await settle()


async def hear(peers, *said):
    for one in said:
        peers.said.put_nowait(one)
    await settle()


async def test_memory_is_shut_before_the_line_is_open(peers, coherence, clock):
    """No lease is asked for before announcements can be heard."""
    await settle()

    assert peers.renewals == 0
    assert coherence.open_until_s < clock.now_s


async def test_a_lease_opens_it_from_before_it_was_asked_for(peers, coherence, clock, done):
    """Less the margin; what was there before is forgotten first."""
    await subscribed(peers, coherence)

    assert coherence.open_until_s == clock.now_s + LEASE_S - MARGIN_S
    assert done == ["everything"]


async def test_a_renewal_that_overtook_an_announcement_opens_nothing_until_that_is_heard(peers, coherence, clock):
    """The lease is of a moment at which position 8 had been announced."""
    await subscribed(peers, coherence)
    before_s = coherence.open_until_s
    clock.now_s += 0.5
    peers.position = 8
    peers.was_renewed.clear()
    await peers.was_renewed.wait()
    await settle()
    not_yet_s = coherence.open_until_s
    await hear(peers, Heard(8, "other", "tag", ("record:1",)))

    assert not_yet_s == before_s
    assert coherence.open_until_s == clock.now_s + LEASE_S - MARGIN_S


async def test_what_is_heard_is_done_and_then_acknowledged(peers, coherence, done):
    """Our own announcements come back to us; nobody waits for our word on them."""
    await subscribed(peers, coherence)
    done.clear()
    await hear(peers, Heard(8, "other", "tag", ("a", "b")), Heard(9, "me", "tag", ("c",)))

    assert done == [("tag", "a", "b"), ("tag", "c")]
    assert peers.acknowledged == [8]


async def test_an_announcement_that_was_missed_costs_all_memory(peers, coherence, done):
    """Position 9 comes, 8 never did."""
    await subscribed(peers, coherence)
    done.clear()
    await hear(peers, Heard(9, "other", "tag", ("a",)))

    assert done == ["everything", ("tag", "a")]


async def test_a_lost_line_shuts_and_empties(peers, coherence, clock, done):
    """Until there is a new one with a new lease."""
    await subscribed(peers, coherence)
    done.clear()
    await hear(peers, "lost")

    assert coherence.open_until_s < clock.now_s
    assert done == ["everything"]


async def test_a_broadcast_waits_for_every_lease(peers, coherence, clock, done):
    """Two others have leases: it ends with the second word, and does at once here what it asks of others."""
    await subscribed(peers, coherence)
    done.clear()
    peers.announced = Announced(8, {"me": 60.0, "b": 60.0, "c": 60.0}, 0.0)
    telling = asyncio.create_task(coherence.broadcast("tag", ["a"]))
    await settle()
    at_once = list(done)
    await hear(peers, Acknowledged(8, "b"))
    after_one = telling.done()
    await hear(peers, Acknowledged(8, "c"))

    assert at_once == [("tag", "a")]
    assert not after_one
    assert await telling is None
    assert peers.told == ("tag", ("a",))


async def test_a_word_that_comes_before_the_reply_counts(peers, coherence):
    """Two connections: who waits may learn whom to wait for after they have answered."""
    await subscribed(peers, coherence)
    await hear(peers, Acknowledged(8, "b"))
    peers.announced = Announced(8, {"b": 60.0}, 0.0)

    async with asyncio.timeout(1):
        assert await coherence.broadcast("tag", ["a"]) is None


@pytest.mark.parametrize(
    "announced", [Announced(8, {"dead": 0.02}, 0.0), Announced(8, {}, 0.02)], ids=["dead", "young"]
)
async def test_the_dead_are_waited_for_until_their_leases_are_over(peers, done, announced):
    """And, at a server that has lost its data, until leases that it does not know are over."""
    peers.announced = announced
    coherence = Coherence(peers)
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    assert await coherence.broadcast("tag", ["a"]) is None
    assert loop.time() - began_s >= 0.019


async def test_a_broadcast_that_was_not_made_says_so(peers, coherence):
    """The writer writes nothing then."""
    peers.announced = "timeout"

    assert await coherence.broadcast("tag", ["a"]) == "timeout"


async def test_alone_it_is_always_open(done):
    """A cache of one process: nobody else to tell."""
    coherence = Coherence(None)
    coherence.on("token", done.extend)
    async with coherence.opened():
        await coherence.broadcast("token", ["jti"])

        assert coherence.open_until_s == float("inf")
    assert done == ["jti"]


async def test_at_the_end_it_leaves(peers):
    """Nobody waits for who has gone."""
    async with Coherence(peers).opened():
        pass

    assert peers.has_left
