"""Requests framed to deceive, over raw sockets: the answer, the end of the connection, and what came through."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from engines.load_balancer.framing_corpus import CASES, EXCEPTIONS, PASSED, ByNature, Case

ANSWER_LIMIT_S = 3
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


@dataclass(eq=False)
class Recorder:
    """A gateway that keeps the bytes of every connection but those of health checks, and reads by the letter."""

    name: str = "api_gateway-1"
    is_ready: bool = True
    port: int = 0
    received: list[bytearray] = field(default_factory=list)
    whole: list[bytes] = field(default_factory=list)
    """Heads of the messages that came to their end: the others were broken off, and nobody acts on them."""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def as_member(self):
        return {"name": self.name, "host": "127.0.0.1", "port": self.port}

    async def serve(self, reader, writer):
        self.writers.append(writer)
        kept = bytearray()
        self.received.append(kept)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"GET /health/ready "):
                    kept += head
                    kept += await _body(reader, head)
                    self.whole.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        writer.close()

    def forget(self):
        """What came so far; connections are used again, and go on being heard."""
        for kept in self.received:
            kept.clear()
        self.whole.clear()

    def seen(self):
        return b"".join(self.received).lower()


async def _body(reader, head):
    if b"\r\ntransfer-encoding: chunked\r\n" not in head.lower():
        length = _LENGTH.search(head)
        return await reader.readexactly(int(length[1]) if length else 0)
    body = bytearray()
    while True:
        line = await reader.readuntil(b"\r\n")
        body += line + await reader.readexactly(int(line, 16) + 2)
        if int(line, 16) == 0:
            return body


@pytest.fixture
async def recorder():
    recorder = Recorder()
    server = await asyncio.start_server(recorder.serve, "127.0.0.1", 0)
    recorder.port = server.sockets[0].getsockname()[1]
    yield recorder
    server.close()
    await asyncio.gather(*(_ended(writer) for writer in recorder.writers))


async def _ended(writer):
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def all_answers(port, sent):
    """All that comes until the other end closes; whether it did."""
    is_closed = True
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = bytearray()
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            writer.write(sent)
            with suppress(ConnectionError):
                while part := await reader.read(65_536):
                    answers += part
    except TimeoutError:
        is_closed = False
    finally:
        await _ended(writer)
    return bytes(answers), is_closed


async def faults_of(case: Case, known: ByNature | None, port, recorder):
    """What is wrong with how a case was treated; nothing when all is right."""
    recorder.forget()
    answers, is_closed = await all_answers(port, case.sent)
    statuses = [int(status) for status in _STATUS.findall(answers)]
    seen, whole = recorder.seen(), list(recorder.whole)
    clean, _ = await all_answers(port, b"GET /clean HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
    faults = []
    if known is not None:
        if statuses != ([] if known.status is None else [known.status]):
            faults.append(f"answered {statuses}; known was {known}")
    elif len(statuses) != 1 or statuses[0] not in case.statuses:
        faults.append(f"answered {statuses}, not one of {sorted(case.statuses)}")
    elif not is_closed:
        faults.append("left open")
    faults += [f"{found!r} came through" for found in (b"/smuggled", *case.never_upstream) if found in seen]
    if case.statuses != PASSED and 200 not in statuses and any(b"/echo" in head for head in whole):
        faults.append("refused, and passed on all the same")
    if not clean.startswith(b"HTTP/1.1 200 "):
        faults.append(f"a clean request right after: {clean[:80]!r}")
    return faults


async def test_what_is_framed_to_deceive_is_refused(engine, use_balancer, recorder, record_property):
    """Each case over one connection: refused and closed, or passed without what ends here; then a clean request."""
    balancer = await use_balancer([recorder])

    faults = {}
    for case in CASES:
        known = EXCEPTIONS.get((engine, case.name))
        if found := await faults_of(case, known, balancer.port, recorder):
            faults[case.name] = found
        record_property(case.name, "fail" if found else known.reason if known else "pass")

    assert faults == {}
