"""A small real server in the shape of the laboratory's gateway: fixed delays, an account, counters."""

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from scalelab.contracts.stack_view import Account

ACCOUNT = Account(username="student", password="correct horse")
NONCE = "this-stack"


@dataclass
class SmallGateway:
    """Answers on a free port of loopback, from a thread with its own event loop."""

    delay_s: float = 0.0
    status: int = 200
    answers_key: bool = True
    url: str = ""
    asked: list[str] = field(default_factory=list)
    asked_at_s: list[float] = field(default_factory=list)
    logins: Counter[str] = field(default_factory=Counter)
    caches: bool = False
    cached: set[str] = field(default_factory=set)
    flushes: int = 0
    in_flight: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer token-of-student":
            return web.Response(status=401)
        self.asked.append(request.path_qs)
        self.asked_at_s.append(asyncio.get_running_loop().time())
        is_hit = self.caches and request.path_qs in self.cached
        self.in_flight += 1
        try:
            await asyncio.sleep(0 if is_hit else self.delay_s)
        finally:
            self.in_flight -= 1
        self.cached.add(request.path_qs)
        key = int(request.query["key"]) if self.answers_key else -1
        headers = {"X-Cache": "HIT" if is_hit else "MISS", "X-Scalelab-Instance": "api_gateway-1"}
        return web.json_response({"key": key}, status=self.status, headers=headers)

    async def log_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.logins[body["username"]] += 1
        if body != ACCOUNT.model_dump():
            return web.Response(status=401)
        return web.json_response({"access_token": f"token-of-{body['username']}"})

    async def flush(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Scalelab-Stack") != NONCE:
            return web.Response(status=403)
        self.flushes += 1
        self.cached.clear()
        return web.Response()

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(text=f"scalelab_requests_in_flight {float(self.in_flight)}\n")

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/data", self.answer),
                web.get("/process", self.answer),
                web.post("/login", self.log_in),
                web.post("/cache/flush", self.flush),
                web.get("/metrics", self.metrics),
            ]
        )
        return app


@pytest.fixture
def gateway():
    """A running `SmallGateway`; its fields may be changed while it runs."""
    small = SmallGateway()
    is_up, must_stop = threading.Event(), []

    async def serve() -> None:
        stop = asyncio.Event()
        must_stop.extend((asyncio.get_running_loop(), stop))
        runner = web.AppRunner(small.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        small.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        is_up.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert is_up.wait(5)
    yield small
    loop, stop = must_stop
    loop.call_soon_threadsafe(stop.set)
    thread.join(5)
