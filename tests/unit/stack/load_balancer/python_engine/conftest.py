"""A small world: the engine's traffic in this event loop, between real sockets; members do what a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from time import monotonic

import pytest

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.health import HealthRule
from scalelab.stack.load_balancer.python_engine.care import Care
from scalelab.stack.load_balancer.python_engine.client_side import ClientSide
from scalelab.stack.load_balancer.python_engine.connections import MemberConnections
from scalelab.stack.load_balancer.python_engine.policies import RoundRobin
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.load_balancer.python_engine.traffic import Traffic
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestRecords

LIMIT_S = 5
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Conversation = Callable[["MemberTalk"], Awaitable[None]]


class MemberTalk:
    """One connection that a member has taken."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def answer(self, data: bytes = OK) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ended(self) -> bytes:
        """What still comes until the balancer closes."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b"<reset>"


class Client:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def until(self, end: bytes) -> bytes:
        async with asyncio.timeout(LIMIT_S):
            return await self.reader.readuntil(end)

    async def rest(self) -> bytes:
        """All that comes until the balancer closes; `<reset>` at the end when it does so without a word."""
        received = bytearray()
        async with asyncio.timeout(LIMIT_S):
            try:
                while part := await self.reader.read(65_536):
                    received += part
            except ConnectionError:
                received += b"<reset>"
        return bytes(received)

    async def close(self) -> None:
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class World:
    def __init__(self) -> None:
        self.metrics = ServiceMetrics()
        self.pool = MemberPool(RoundRobin(), HealthRule(fall=1, rise=1), care=Care())
        self.connections = MemberConnections(1.0, monotonic)
        self.traffic = Traffic(self.pool, self.connections, RequestRecords(self.metrics, 0.0), 20.0)
        self.port = 0
        self.clients: list[Client] = []
        self.faults: list[BaseException] = []
        self._servers: list[asyncio.Server] = []
        self._talks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        server = await asyncio.get_running_loop().create_server(lambda: ClientSide(self.traffic), "127.0.0.1", 0)
        self._servers.append(server)
        self.port = server.sockets[0].getsockname()[1]

    async def member(self, name: str, talk: Conversation) -> None:
        """One that is up, and talks so on each connection."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._talks.append(task)
            try:
                async with asyncio.timeout(LIMIT_S):
                    await talk(MemberTalk(reader, writer))
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            except BaseException as fault:  # an assert in a script must not be lost
                self.faults.append(fault)
                raise
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._servers.append(server)
        self.up(name, server.sockets[0].getsockname()[1])

    def up(self, name: str, port: int) -> None:
        for pooled in self.pool.add([Member(name=name, host="127.0.0.1", port=port)]):
            self.pool.note_check(pooled, has_passed=True)

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes) -> bytes:
        """All that comes for these bytes, until the balancer closes."""
        client = await self.client()
        client.send(data)
        return await client.rest()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110  told by nobody
                await asyncio.sleep(0)

    @property
    def in_flight(self) -> int:
        return sum(pooled.in_flight for pooled in self.pool.members) + self.metrics.requests.in_flight

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for client in self.clients:
            await client.close()
        for connected in tuple(self.traffic.clients):
            connected.abort()
        self.connections.close()
        await asyncio.wait_for(asyncio.gather(*self._talks, return_exceptions=True), LIMIT_S)
        await self.until(lambda: self.in_flight == 0)
        await asyncio.sleep(0)
        assert self.faults == []


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    await world.start()
    yield world
    await world.close()
