"""A call ends in one of four ways: taken as it came, parsed, failed, or not wanted any longer."""

import asyncio

import pytest

from scalelab.stack.upstream import UpstreamClient
from scalelab.stack.upstream.request_head import request_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Asker:
    """Takes answers that are as it was told; notes what it hears."""

    def __init__(self, wanted=OK):
        self.wanted, self.call, self.heard = wanted, None, []
        self.has_heard = asyncio.Event()

    def takes(self, data):
        if data != self.wanted:
            return False
        self.call.finish()
        self.note("taken")
        return True

    def ended(self, exchange):
        self.note(exchange.fault or exchange.body)
        self.exchange = exchange

    def note(self, what):
        self.heard.append(what)
        self.has_heard.set()

    def ask(self, client):
        """The call, under way on a connection that was kept."""
        self.call = client.call(request_head("GET", "/", client.host, [], None), self)
        return self.call


async def heard(asker):
    async with asyncio.timeout(5):
        await asker.has_heard.wait()
    await asyncio.sleep(0.01)
    return asker.heard


@pytest.fixture
async def opened(upstream):
    """`await opened(step, ...)`: a server, and a client of it that has one kept connection."""
    clients = []

    async def build(*script, timeout_s=5.0):
        server = await upstream(OK, *script)
        client = await UpstreamClient(server.url, timeout_s).__aenter__()
        clients.append(client)
        await client.request("GET", "/")
        return server, client

    yield build
    for client in clients:
        await client.__aexit__(None, None, None)


async def test_what_is_taken_leaves_the_connection_to_the_next_one(opened):
    """No parser has seen the answer; the next one is read as ever."""
    server, client = await opened(OK, OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
    first, second = Asker(), Asker()
    first.ask(client)
    await heard(first)
    second.ask(client)
    await heard(second)
    third = await client.request("GET", "/")

    assert (first.heard, second.heard, third.body) == (["taken"], ["taken"], b"a")
    assert (server.connections, len(client._deadlines)) == (1, 0)


@pytest.mark.parametrize("pieces", [[OK[:9], OK[9:]], [OK[:-1], OK[-1:]]])
async def test_what_is_not_taken_is_parsed(opened, pieces):
    """In pieces, it is whole in the end, and the connection is kept."""
    server, client = await opened(pieces, OK)
    asker, after = Asker(), Asker()
    asker.ask(client)
    await heard(asker)
    after.ask(client)
    await heard(after)

    assert (asker.heard[0], after.heard, server.connections) in [(b"ok", ["taken"], 1), ("taken", ["taken"], 1)]


async def test_what_breaks_off_is_a_fault_and_no_replay(opened, close):
    """Something of the answer had come."""
    _, client = await opened([OK[:-1], close])
    asker = Asker()
    asker.ask(client)
    await heard(asker)

    assert asker.heard[0].startswith("connection lost")
    assert not asker.exchange.may_be_replayed


async def test_a_connection_that_was_closed_just_then_may_be_replayed(opened, close):
    """Not a byte had come."""
    _, client = await opened(close)
    asker = Asker()
    asker.ask(client)
    await heard(asker)

    assert asker.exchange.may_be_replayed


async def test_what_is_late_is_told_once_and_not_replayed(opened, hold):
    """Its connection is given up."""
    _, client = await opened(hold, timeout_s=0.05)
    asker = Asker()
    asker.ask(client)
    await heard(asker)

    assert (asker.heard, asker.exchange.is_expired, asker.exchange.may_be_replayed) == (["not in time"], True, False)
    assert client._pool.take_idle() is None


async def test_a_call_that_is_cancelled_is_told_nothing(opened, hold):
    """The next request has a connection of its own."""
    server, client = await opened(hold, OK)
    asker = Asker()
    call = asker.ask(client)
    await server.got_request.wait()
    call.cancel()
    answer = await client.request("GET", "/")

    assert (asker.heard, answer.body, server.connections) == ([], b"ok", 2)


async def test_without_a_kept_connection_there_is_no_call(opened):
    """Whoever asks opens one."""
    server, client = await opened(OK)
    kept = client._pool.take_idle()

    assert Asker().ask(client) is None
    assert len(server.heads) == 1
    kept.close()
