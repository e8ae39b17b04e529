"""Connections to members: kept, closed, never shared."""

GET = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
LAST_GET = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_what_comes_unasked_closes_the_connection(world):
    """A second answer behind the first, or later: the next request has a connection and an answer of its own."""
    talks = []

    async def talkative(talk):
        talks.append(talk)
        while True:
            await talk.head()
            await talk.answer(OK + (OK.replace(b"ok", b"no") if len(talks) == 1 else b""))
            if len(talks) == 2:
                await talk.answer(OK.replace(b"ok", b"no"))

    await world.member("a", talkative)

    answers = [await world.ask(LAST_GET) for _ in range(3)]

    assert all(answer.endswith(b"\r\n\r\nok") for answer in answers)
    assert len(talks) >= 2


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(world):
    """The member ends it after its answer without a word of it in the head."""
    talks = []

    async def once(talk):
        talks.append(talk)
        await talk.head()
        await talk.answer()

    await world.member("a", once)

    for _ in range(3):
        answer = await world.ask(LAST_GET)
        assert answer.startswith(b"HTTP/1.1 200 ")
        await world.until(lambda: not world.connections._all)

    assert len(talks) == 3


async def test_a_member_that_has_gone_leaves_none(world):
    """Neither an idle one, nor one that becomes idle while it leaves."""

    async def answering(talk):
        while True:
            await talk.head()
            await talk.answer()

    await world.member("a", answering)
    await world.ask(LAST_GET)
    [member] = world.pool.members
    kept = len(world.connections._all)
    world.pool.start_leaving(member)
    world.connections.forget(member)
    await world.until(lambda: not world.connections._all)

    assert kept == 1
