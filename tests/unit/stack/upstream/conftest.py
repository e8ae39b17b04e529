"""A scripted upstream: what it answers to the n-th request, byte for byte, and when it closes."""

import asyncio

import pytest

CLOSE = object()
"""In a script: break the connection off."""
EOF = object()
"""In a script: end the connection cleanly."""
HOLD = object()
"""In a script: say nothing more."""


class ScriptedUpstream:
    """Answers each request (one head with its body by Content-Length) with the next item of the script."""

    def __init__(self, script):
        self._script = list(script)
        self.heads = []
        self.connections = 0
        self.got_request = asyncio.Event()
        self.url = ""

    async def answer(self, reader, writer):
        self.connections += 1
        try:
            while head := await self._read_request(reader):
                self.heads.append(head)
                self.got_request.set()
                if not await self._play(writer):
                    return
        finally:
            writer.close()

    async def _read_request(self, reader):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                head += await reader.readexactly(int(line.split(b":")[1]))
        return head

    async def _play(self, writer):
        step = self._script.pop(0)
        for part in step if isinstance(step, list) else [step]:
            if part is CLOSE:
                writer.transport.abort()
                return False
            if part is EOF:
                return False
            if part is HOLD:
                await asyncio.Event().wait()
            writer.write(part)
            await writer.drain()
        return True


@pytest.fixture
async def upstream():
    """`await upstream(step, step, ...)` starts one; a step is bytes, or a list of bytes, CLOSE, EOF and HOLD."""
    servers = []
    tasks = []

    async def start(*script):
        scripted = ScriptedUpstream(script)

        async def connected(reader, writer):
            tasks.append(asyncio.current_task())
            await scripted.answer(reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        servers.append(server)
        scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return scripted

    yield start
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def close():
    return CLOSE


@pytest.fixture
def eof():
    return EOF


@pytest.fixture
def hold():
    return HOLD
