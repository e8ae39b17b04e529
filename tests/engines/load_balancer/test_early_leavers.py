"""A client that leaves in the middle of its answer leaves nothing of it for the next one."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

ROUNDS = 12
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BEGINNING = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
MOST_BYTES = 1_000_000


@dataclass(eq=False)
class Forger:
    """A gateway whose answer to `/long` comes in two parts, the second of which looks like answers of its own."""

    name: str = "api_gateway-1"
    is_ready: bool = True
    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def as_member(self):
        return {"name": self.name, "host": "127.0.0.1", "port": self.port}

    async def serve(self, reader, writer):
        self.writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /long "):
                    body = FORGED * (MOST_BYTES // len(FORGED))
                    writer.write(BEGINNING % (len(body) + 1) + b"-")
                    await writer.drain()
                    await asyncio.sleep(0.01)  # so that the client has gone when the rest comes
                    writer.write(body)
                else:
                    writer.write(OK)
                await writer.drain()
        writer.close()


@pytest.fixture
async def forger():
    forger = Forger()
    server = await asyncio.start_server(forger.serve, "127.0.0.1", 0)
    forger.port = server.sockets[0].getsockname()[1]
    yield forger
    server.close()
    await asyncio.gather(*(ended(writer) for writer in forger.writers))


async def ended(writer):
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def begun(port):
    """A client that has the beginning of its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /long HTTP/1.1\r\nHost: lab\r\n\r\n")
    await reader.readuntil(b"-")
    return writer


async def whole_answer(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /short HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.partition(b"\r\n")[0], answer.rpartition(b"\r\n\r\n")[2]


async def test_who_leaves_early_leaves_nothing_for_others(use_balancer, forger):
    """The next client's answer is its own, whether the rest of the other one comes at once or later."""
    balancer = await use_balancer([forger])
    answers = []
    for _ in range(ROUNDS):
        await ended(await begun(balancer.port))
        answers += [await whole_answer(balancer.port) for _ in range(3)]

    assert set(answers) == {(b"HTTP/1.1 200 OK", b"ok")}
