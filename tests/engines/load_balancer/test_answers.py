"""Answers by the letter, from a gateway that sends whatever bytes it is told: what of it reaches the client."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

pytestmark = pytest.mark.integration

LIMIT_S = 5
_ID = re.compile(rb"x-request-id: [^\r]*\r\n|date: [^\r]*\r\n", re.IGNORECASE)


@dataclass(eq=False)
class Scripted:
    """Gives each request but health checks the next answer; closes behind one that ends with `CLOSE`."""

    CLOSE = b"<close>"
    name: str = "api_gateway-1"
    is_ready: bool = True
    port: int = 0
    answers: list[bytes] = field(default_factory=list)
    asked: int = 0
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    def as_member(self):
        return {"name": self.name, "host": "127.0.0.1", "port": self.port}

    async def serve(self, reader, writer):
        self.connections.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /health/ready "):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    break
                self.asked += 1
                answer = self.answers.pop(0)
                writer.write(answer.removesuffix(self.CLOSE))
                await writer.drain()
                if answer.endswith(self.CLOSE):
                    break
        writer.close()


@pytest.fixture
async def scripted():
    gateway = Scripted()
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    yield gateway
    server.close()
    for writer in gateway.connections:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(port, sent):
    """All bytes that come until the other end closes, without what is another one each time."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        received = bytearray()
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                received += part
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return _ID.sub(b"", bytes(received))


def get(path, *, is_last=True, version=b"1.1"):
    return b"GET %b HTTP/%b\r\nHost: lab\r\n%b\r\n" % (path, version, b"Connection: close\r\n" if is_last else b"")


POST = b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNCLEAR = {
    "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\nok",
    "odd_length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "length_and_chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n0\r\n\r\n",
    "no_name": b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok",
    "no_http": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "a_tunnel_nobody_asked_for": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nabc",
}
BY_NATURE = {
    ("haproxy", "length_and_chunks"): (b"HTTP/1.1 200 ", "takes the chunks and drops the length (RFC 9112, 6.3)"),
    ("envoy", "a_tunnel_nobody_asked_for"): (b"HTTP/1.1 101 ", "passes 101 on, and closes"),
    ("nginx", "a_tunnel_nobody_asked_for"): (b"HTTP/1.1 101 ", "passes 101 on, with what comes behind, and closes"),
    ("nginx", "no_http"): (b"SSH-2.0", "takes for HTTP/0.9 what is no HTTP"),
}
"""What an engine does otherwise: how its answer begins, and why."""


@pytest.mark.parametrize("name", UNCLEAR)
async def test_an_answer_that_can_be_read_in_two_ways_is_502(engine, use_balancer, scripted, name, record_property):
    """A22: not passed on, its connection not used again, and a clean request right after succeeds.

    A POST, which is not asked again.
    """
    balancer = await use_balancer([scripted])
    scripted.answers = [UNCLEAR[name] + Scripted.CLOSE, OK]

    answer = await exchange(balancer.port, POST)
    after = await exchange(balancer.port, get(b"/"))

    begins, reason = BY_NATURE.get((engine, name), (b"HTTP/1.1 502 ", ""))
    if reason:
        record_property("by nature", reason)
    assert answer.startswith(begins)
    assert after.startswith(b"HTTP/1.1 200 ")
    assert after.endswith(b"\r\n\r\nok")


async def test_what_comes_behind_an_answer_belongs_to_nobody(use_balancer, scripted):
    """A second answer that nobody asked for is not the answer to the next request."""
    balancer = await use_balancer([scripted])
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    scripted.answers = [OK + evil, OK]

    both = await exchange(balancer.port, get(b"/1", is_last=False) + get(b"/2"))

    assert both.count(b"HTTP/1.1 200 ") == 2
    assert b"evil" not in both


async def test_pipelined_requests_are_answered_in_their_order(start_gateways, use_balancer):
    """A20: four in one segment, with bodies between; then the connection ends, and there is no fifth answer."""
    balancer = await use_balancer(await start_gateways(2))
    post = b"POST /upload HTTP/1.1\r\nHost: lab\r\n"
    sent = (
        get(b"/echo?1", is_last=False)
        + post
        + b"Content-Length: 5\r\n\r\nabcde"
        + post
        + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        + get(b"/echo?4")
        + get(b"/echo?5")
    )

    answers = (await exchange(balancer.port, sent)).split(b"HTTP/1.1 200 ")[1:]

    assert len(answers) == 4
    assert [part in answer for part, answer in zip((b"?1", b": 5}", b": 3}", b"?4"), answers, strict=True)] == [
        True
    ] * 4


async def test_an_answer_that_ends_with_its_connection_is_whole(use_balancer, scripted):
    """As it is, or in chunks, so that its reader can tell its end."""
    balancer = await use_balancer([scripted])
    scripted.answers = [b"HTTP/1.0 200 OK\r\n\r\nok" + Scripted.CLOSE]

    answer = await exchange(balancer.port, get(b"/"))

    assert answer.split(b" ")[1] == b"200"
    assert answer.partition(b"\r\n\r\n")[2] in {b"ok", b"2\r\nok\r\n0\r\n\r\n"}


async def test_a_client_that_knows_no_chunks_gets_none(use_balancer, scripted):
    """RFC 9112, 7.1.3: HTTP/1.0."""
    balancer = await use_balancer([scripted])
    scripted.answers = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"]

    answer = await exchange(balancer.port, get(b"/", version=b"1.0"))

    assert answer.partition(b"\r\n\r\n")[2] == b"ok"


async def test_hints_come_before_the_answer(use_balancer, scripted):
    """RFC 9110, 15.2: an interim answer is passed on."""
    balancer = await use_balancer([scripted])
    scripted.answers = [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK]

    answer = await exchange(balancer.port, get(b"/"))

    assert re.match(rb"HTTP/1\.1 103 .*\r\nlink: </a>\r\n\r\nHTTP/1\.1 200 ", answer, re.DOTALL | re.IGNORECASE)


async def test_a_head_without_end_is_refused(start_gateways, use_balancer):
    """A18: 64 KiB of fields; the connection ends, and no gateway hears of it."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    answer = await exchange(balancer.port, b"GET / HTTP/1.1\r\nHost: lab\r\nX-Long: " + b"x" * 65_536 + b"\r\n\r\n")

    assert answer.split(b" ")[1] in {b"431", b"400"}
    assert gateway.requests == []


async def test_a_head_that_is_dripped_is_answered_in_time(start_gateways, start_balancer):
    """A18: 408, and the connection ends."""
    balancer = await start_balancer(await start_gateways(1), head_timeout_s=0.2)

    answer = await exchange(balancer.port, b"GET / HTTP/1.1\r\nHost")

    assert answer.startswith(b"HTTP/1.1 408 ")
