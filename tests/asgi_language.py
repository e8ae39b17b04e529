"""A small test language for ASGI applications: `started` runs the lifespan, `ask` sends one request in process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)


@pytest.fixture
def ask():
    """`await ask(app, "GET", "/path?query", body=b"", headers={})`; `gone` is an event: the client disconnects."""

    async def send_one(app, method, target, body=b"", headers=None, gone=None) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
        sent = []

        async def receive():
            if chunks:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)
        start = sent[0]
        received = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], received, b"".join(message.get("body", b"") for message in sent[1:]))

    return send_one


@pytest.fixture
def started():
    """`async with started(app): ...` runs the application's lifespan; `problem` of a failed start is raised."""

    @asynccontextmanager
    async def lifespan(app) -> AsyncIterator[list[dict]]:
        inbox, sent, has_started = asyncio.Queue(), [], asyncio.Event()

        async def send(message):
            sent.append(message)
            has_started.set()

        running = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, send))
        await inbox.put({"type": "lifespan.startup"})
        await has_started.wait()
        if sent[0]["type"] == "lifespan.startup.failed":
            await running
        yield sent
        await inbox.put({"type": "lifespan.shutdown"})
        await running

    return lifespan
