"""One request on its way, between real sockets: bodies, other attempts, breaks, tunnels."""

import asyncio

import pytest

GET = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: lab\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def answering(talk):
    while True:
        await talk.head()
        await talk.answer()


async def breaking_off(talk):
    await talk.head()
    talk.writer.transport.abort()


async def test_connections_to_members_are_used_again(world):
    """Ten requests one after the other: one connection."""
    talks = []

    async def talking(talk):
        talks.append(talk)
        await answering(talk)

    await world.member("a", talking)
    client = await world.client()
    for _ in range(10):
        client.send(GET)
        assert (await client.until(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 OK\r\n")

    assert len(talks) == 1


async def test_a_body_that_fits_is_sent_again_elsewhere(world):
    """PUT is idempotent: the first breaks off after it has read all; the second gets every byte of it."""
    received = []

    async def taking(talk):
        head = await talk.head()
        received.append(head[:4] + await talk.reader.readexactly(6))
        if len(received) > 1:
            await talk.answer()
        else:
            talk.writer.transport.abort()

    for name in "ab":
        await world.member(name, taking)

    answer = await world.ask(b"PUT / HTTP/1.1\r\nHost: lab\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert received == [b"PUT abcdef"] * 2


async def test_replays_do_not_double_the_load_of_who_is_down(world):
    """B05: both break every request off. A fifth more attempts than requests, beyond a hundred at once."""
    for name in "ab":
        await world.member(name, breaking_off)

    statuses = [(await world.ask(LAST_GET)).split()[1] for _ in range(300)]

    assert sum(pooled.answered for pooled in world.pool.members) <= 300 * 1.2 + 100
    assert set(statuses) == {b"502"}


async def test_what_is_not_idempotent_is_not_sent_again(world):
    """A POST whose kept connection breaks off under it: 502, though another member is there."""
    await world.member("a", breaking_off)
    await world.member("b", breaking_off)

    answer = await world.ask(POST + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")

    assert answer.startswith(b"HTTP/1.1 502 ")


async def test_nobody_is_asked_twice(world):
    """B07: the only one breaks off; 503 with Retry-After, and one attempt in its books."""
    await world.member("a", breaking_off)

    answer = await world.ask(LAST_GET)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert world.pool.members[0].answered == 1


async def test_who_refuses_the_connection_is_passed_over(world):
    """Also for a POST, with all of its body: nothing was sent."""
    world.up("a", 1)

    async def taking(talk):
        await talk.head()
        assert await talk.reader.readexactly(3) == b"abc"
        await talk.answer()

    await world.member("b", taking)

    answer = await world.ask(POST + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_breaks_its_framing_breaks_off(world):
    """What was sent of it never looks whole; the client is told, and its connection ends."""
    seen = []

    async def waiting(talk):
        await talk.head()
        seen.append(await talk.ended())

    await world.member("a", waiting)
    client = await world.client()
    client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await world.until(lambda: world.pool.members[0].in_flight == 1 and world.connections._all)
    client.send(b"0x3\r\nabc\r\n0\r\n\r\n")
    answer = await client.rest()
    await world.until(lambda: seen)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"0\r\n\r\n" not in seen[0]


async def test_an_answer_before_the_end_of_the_body_is_the_last(world):
    """It is passed on at once and says so; then the client's connection ends, and the member's is not used again."""
    talks = []

    async def hasty(talk):
        talks.append(talk)
        await talk.head()
        await talk.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n" if len(talks) == 1 else OK)
        await talk.ended()

    await world.member("a", hasty)
    client = await world.client()
    client.send(POST + b"Content-Length: 1000000\r\n\r\nabc")
    answer = await client.rest()
    after = await world.ask(LAST_GET)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert after.startswith(b"HTTP/1.1 200 ")
    assert len(talks) == 2


@pytest.mark.parametrize(
    ("sent", "begun"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"abc\r\n"),
    ],
)
async def test_half_an_answer_is_never_taken_for_a_whole_one(world, sent, begun):
    """The member breaks off: so does the balancer, without an end."""

    async def breaking(talk):
        await talk.head()
        await talk.answer(sent)

    await world.member("a", breaking)
    client = await world.client()
    client.send(LAST_GET)
    answer = await client.rest()

    assert answer.removesuffix(b"<reset>").endswith(begun)


async def test_chunks_that_are_none_break_off(world):
    """502 as long as nothing was passed on; then the connection breaks, without the last chunk."""
    begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    may_go_on = asyncio.Event()

    async def at_once(talk):
        await talk.head()
        await talk.answer(begun + b"x\r\n0\r\n\r\n")

    async def later(talk):
        await talk.head()
        await talk.answer(begun)
        await may_go_on.wait()
        await talk.answer(b"x\r\n0\r\n\r\n")

    await world.member("a", at_once)
    await world.member("b", later)
    answer = await world.ask(LAST_GET)
    client = await world.client()
    client.send(LAST_GET)
    await client.until(b"abc\r\n")
    may_go_on.set()

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert (await client.rest()).removesuffix(b"<reset>") == b""


async def test_a_client_that_goes_takes_everything_along(world):
    """While its member is at work, while it streams, and while the connection is being made: the books balance."""
    ended = []

    async def streaming(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        ended.append(await talk.ended())

    await world.member("a", streaming)
    for waits_for in (b"abc", b""):
        client = await world.client()
        client.send(GET)
        if waits_for:
            await client.until(waits_for)
        else:
            await world.until(lambda: world.pool.members[0].in_flight == 1)
        await client.close()
        await world.until(lambda: world.in_flight == 0)

    assert [status for _, _, status in world.metrics.requests._answers] == [499]


async def test_a_client_that_was_held_back_is_heard_again(world):
    """Its body was more than the member took at a time; once all is through, its going is noticed."""
    may_read, has_read = asyncio.Event(), asyncio.Event()

    async def late(talk):
        await talk.head()
        await may_read.wait()
        await talk.reader.readexactly(8_000_000)
        has_read.set()
        await talk.ended()

    await world.member("a", late)
    client = await world.client()
    client.send(POST + b"Content-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
    await world.until(lambda: any(one._is_reading_paused for one in world.traffic.clients))
    may_read.set()
    await asyncio.wait_for(has_read.wait(), 5)
    await world.until(lambda: not any(one._is_reading_paused for one in world.traffic.clients))
    await client.close()
    await world.until(lambda: world.in_flight == 0)


async def test_what_is_said_before_the_tunnel_stands_goes_into_it(world):
    """Bytes right behind the request are the member's, if it agrees."""
    heard = []

    async def agreeing(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        heard.append(await talk.reader.readexactly(len(LAST_GET) + 5))

    await world.member("a", agreeing)
    client = await world.client()
    client.send(UPGRADE + LAST_GET)
    await client.until(b"\r\n\r\n")
    client.send(b"after")
    await client.rest()

    assert heard == [LAST_GET + b"after"]


@pytest.mark.parametrize("awaits_body", [False, True])
async def test_who_is_waited_for_too_long(world, awaits_body):
    """504 where the member is silent; 408 where the client does not send the rest."""

    async def silent(talk):
        await talk.head()
        await talk.ended()

    await world.member("a", silent)
    client = await world.client()
    client.send(POST + b"Content-Length: 3\r\n\r\nab" + (b"" if awaits_body else b"c"))
    await world.until(lambda: any(one._relay and one._relay._connection for one in world.traffic.clients))
    world.traffic.expire_late(float("inf"))
    answer = await client.until(b"\r\n\r\n")

    assert answer.split()[1] == (b"408" if awaits_body else b"504")


async def test_a_body_that_comes_on_is_waited_for(world):
    """In the first window enough of it has come; in the second nothing: 408."""

    async def taking(talk):
        await talk.head()
        await talk.ended()

    await world.member("a", taking)
    client = await world.client()
    client.send(POST + b"Content-Length: 900000\r\n\r\n")
    await world.until(lambda: any(one._relay and one._relay._connection for one in world.traffic.clients))
    [side] = world.traffic.clients
    relay = side._relay
    client.send(b"x" * 60_000)
    await world.until(lambda: relay.body.came_bytes == 60_000)

    world.traffic.expire_late(float("inf"))
    is_waited_for = not relay.is_over
    world.traffic.expire_late(float("inf"))

    assert is_waited_for
    assert (await client.rest()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"\x81\x02hi", b"\x81\x02hi\x88\x02\x03\xf4"),
        (b"\x81\x02h", b"\x81\x02h<reset>"),
        (b"\x88\x02\x03\xe8", b"\x88\x02\x03\xe8<reset>"),
    ],
)
async def test_a_websocket_is_told_to_come_back(world, said, told):
    """B11: 1012 when the time of its member is over; in the middle of a frame nothing can be put in."""

    async def talking(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + said)
        await talk.ended()

    await world.member("a", talking)
    client = await world.client()
    client.send(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    received = await client.until(b"\r\n\r\n") + await client.until(said)
    for request in tuple(world.pool.members[0].requests):
        request.break_off()

    rest = await client.rest()
    assert received.endswith(said)
    assert said + rest.replace(b"<reset>", b"") == told.replace(b"<reset>", b"")


async def test_a_tunnel_ends_on_one_side_first(world):
    """The client has said all; the member hears it, and is still heard."""

    async def polite(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ")
        assert await talk.reader.read() == b"bye"
        await talk.answer(b"goodbye")

    await world.member("a", polite)
    client = await world.client()
    client.send(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    await client.until(b"hello ")
    client.send(b"bye")
    client.writer.write_eof()

    assert await client.rest() == b"goodbye"


async def test_a_tunnel_that_is_refused_is_an_answer(world):
    """The member says 403, and the connection goes on: what comes behind is the next request."""

    async def refusing(talk):
        while await talk.head():
            await talk.answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    await world.member("a", refusing)

    answers = await world.ask(UPGRADE + LAST_GET)

    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"403", b"403"]
    assert answers.count(b"\r\n\r\nno") == 2


async def test_a_member_that_leaves_breaks_off_what_it_has(world):
    """Not begun: 502, and no other attempt. Begun: the connection breaks."""

    async def slow(talk):
        await talk.head()
        await talk.ended()

    await world.member("a", slow)
    await world.member("b", answering)
    client = await world.client()
    client.send(LAST_GET)
    member = world.pool.members[0]
    await world.until(lambda: member.in_flight == 1)

    for request in tuple(member.requests):
        request.break_off()

    assert (await client.rest()).startswith(b"HTTP/1.1 502 ")
    assert member.in_flight == 0


async def test_who_waits_for_100_waits_for_the_member(world):
    """B08: it says 100, or at once what it has to say; where there is nobody, that is said without 100."""
    expecting = POST + b"Expect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    nobody = await world.ask(expecting)

    async def willing(talk):
        assert b"\r\nExpect: 100-continue\r\n" in await talk.head()
        await talk.answer(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await talk.reader.readexactly(3) == b"abc"
        await talk.answer()

    async def refusing(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        await talk.ended()

    await world.member("a", willing)
    await world.member("b", refusing)
    client = await world.client()
    client.send(expecting)
    interim = await client.until(b"\r\n\r\n")
    client.send(b"abc")
    answer = await client.rest()
    refused = await world.ask(expecting)

    assert nobody.startswith(b"HTTP/1.1 503 ")
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert refused.startswith(b"HTTP/1.1 401 ")


async def test_who_answers_and_breaks_off_while_more_is_sent_is_heard(world):
    """The member answers at once and closes, unread bytes and all: its answer comes, and not that it broke off."""

    async def hasty(talk):
        await talk.head()
        await talk.answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    await world.member("a", hasty)

    answers = [await world.ask(POST + b"Content-Length: 9000000\r\n\r\n" + b"x" * 3_000_000) for _ in range(20)]

    assert {answer.split()[1] for answer in answers} == {b"413"}


async def test_problems_to_head_have_no_body(world):
    """Its length is told, and the next answer begins right behind."""
    answers = await world.ask(b"HEAD / HTTP/1.1\r\nHost: lab\r\n\r\n" + LAST_GET)
    first, _, second = answers.partition(b"\r\n\r\n")

    assert first.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nContent-Length: " in first
    assert second.startswith(b"HTTP/1.1 503 ")
