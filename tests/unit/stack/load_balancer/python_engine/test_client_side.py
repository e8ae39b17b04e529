"""One connection of a client, between real sockets: heads, their order, their limits, its end."""

import asyncio

import pytest

from scalelab.stack.load_balancer.python_engine.client_side import ClientSide

GET = b"GET /%d HTTP/1.1\r\nHost: lab\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"


async def echoing(talk):
    """Answers with the target."""
    while True:
        target = (await talk.head()).split()[1]
        await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))


async def test_a_head_may_come_in_pieces(world):
    """Even one byte at a time, and with empty lines before it."""
    await world.member("a", echoing)
    client = await world.client()
    [side] = await _sides(world, 1)
    for place in range(len(LAST_GET)):
        side.data_received(LAST_GET[place : place + 1])
    first = await client.rest()
    second = await world.ask(b"\r\n\r\n" + LAST_GET)

    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 200 ")


async def test_a_hundred_at_once_are_answered_in_their_order(world):
    """By two members, of which each has its turn; nobody overtakes."""
    for name in "ab":
        await world.member(name, echoing)

    answers = await world.ask(b"".join(GET % number for number in range(100)) + LAST_GET)

    targets = [answer.partition(b"\r\n\r\n")[2] for answer in answers.split(b"HTTP/1.1 200 OK")[1:]]
    assert targets == [*(b"/%d" % number for number in range(100)), b"/"]
    assert [pooled.answered for pooled in world.pool.members] == [51, 50]


async def test_who_asks_and_does_not_read_is_not_read(world):
    """Answers pile up to a bound; then no further request is taken, and memory stays as it is."""

    async def generous(talk):
        while True:
            await talk.head()
            await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + b"x" * 500_000)

    await world.member("a", generous)
    client = await world.client()
    client.writer.transport.pause_reading()
    for number in range(5000):
        client.send(GET % number)
    [side] = await _sides(world, 1)
    await world.until(lambda: side._is_writing_paused)

    assert side._transport.get_write_buffer_size() < 2_000_000
    assert len(side._waiting) < 2_000_000
    assert world.pool.members[0].answered < 100


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\nHost: lab\n\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: lab\r\nX: " + b"x" * 40_000, b"431"),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
    ],
)
async def test_what_is_no_request_ends_the_connection(world, sent, status):
    """Once answered, nothing of it is read any more; it is counted, too."""
    await world.member("a", echoing)

    answer = await world.ask(sent)

    assert answer.split(b" ", 2)[1] == status
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert ("unmatched", "any", int(status)) in world.metrics.requests._answers
    assert world.pool.members[0].answered == 0


async def test_a_refusal_comes_in_its_turn(world):
    """The request before it is answered first, and then the refusal; what follows is not read."""
    await world.member("a", echoing)

    answers = await world.ask(GET % 1 + b"GET / HTTP/9.9\r\n\r\n" + LAST_GET)

    assert [part.split(b" ", 1)[0] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"505"]


async def test_deadlines(world):
    """Idle: closed without a word. In the middle of a head: 408. After the last answer: broken off."""
    idle, dripping = await world.client(), await world.client()
    dripping.send(b"GET / HT")
    await world.until(lambda: any(side._waiting for side in world.traffic.clients))

    world.traffic.expire_late(float("inf"))
    answers = await idle.rest(), await dripping.until(b"\r\n\r\n")
    await world.until(lambda: len(world.traffic.clients) == 1)
    world.traffic.expire_late(float("inf"))
    await world.until(lambda: not world.traffic.clients)

    assert answers[0] == b""
    assert answers[1].startswith(b"HTTP/1.1 408 ")


async def test_a_connection_ends_with_the_answer_after_its_age(world):
    """A head later, the answer says so."""
    world.traffic.max_connection_age_s = 1e-9
    await world.member("a", echoing)

    answer = await world.ask(GET % 1)

    assert b"\r\nConnection: close\r\n" in answer


async def test_when_the_engine_stops_every_answer_is_the_last(world):
    """Also one of our own."""
    world.traffic.is_stopping = True

    nobody = await world.ask(GET % 1)
    await world.member("a", echoing)
    answer = await world.ask(GET % 1)

    assert b"\r\nConnection: close\r\n" in nobody
    assert b"\r\nConnection: close\r\n" in answer


async def test_an_old_client_is_answered_and_closed(world):
    """HTTP/1.0, without Host."""
    await world.member("a", echoing)

    answer = await world.ask(b"GET /old HTTP/1.0\r\n\r\n")

    assert answer.endswith(b"\r\nConnection: close\r\n\r\n/old")


async def test_the_oldest_idle_connection_makes_room(world):
    """Of as many as may be. When none is idle the newcomer is told to come back, and the others go on."""
    world.traffic.most_clients = 2
    may_answer = asyncio.Event()

    async def slow(talk):
        await talk.head()
        await may_answer.wait()
        await talk.answer()

    await world.member("a", slow)
    oldest = await world.client()
    await _sides(world, 1)
    busy = [await world.client() for _ in range(2)]
    gone = await oldest.rest()
    for client in busy:
        client.send(LAST_GET)
    await world.until(lambda: world.in_flight == 4)
    refused = await (await world.client()).rest()
    may_answer.set()
    answers = [await client.rest() for client in busy]

    assert gone == b""
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert [answer.split()[1] for answer in answers] == [b"200", b"200"]


async def _sides(world, number) -> list[ClientSide]:
    await world.until(lambda: len(world.traffic.clients) == number)
    return list(world.traffic.clients)
