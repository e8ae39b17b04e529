"""The suite's world: a real balancer process over real small gateways that report what they received."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp import web

from engines.load_balancer.conformance_page import Result, conformance_page, results_of
from engines.load_balancer.offers import ENGINES, NOT_OFFERED
from scalelab.deployment.engines import find_envoy, find_haproxy, find_nginx

START_LIMIT_S = 20
PAGE_VARIABLE = "CONFORMANCE_PAGE"
"""Where a run of the whole suite writes what it found; unset: nowhere."""
_results: list[Result] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what every case came to. In the process that hears of all of them, if there are several."""
    if PAGE_VARIABLE not in os.environ or "engines/load_balancer" not in report.nodeid or "[" not in report.nodeid:
        return
    is_end = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if is_end:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        _results.extend(results_of(report.nodeid, report.outcome, reason, report.user_properties))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the page."""
    if PAGE_VARIABLE in os.environ and not hasattr(session.config, "workerinput"):
        page = conformance_page(_results, ENGINES, engine_versions())
        Path(os.environ[PAGE_VARIABLE]).write_text(page, encoding="utf-8")


def engine_versions() -> dict[str, str]:
    """Of the programs, as they tell it."""
    found = {"HAProxy": (find_haproxy(), "-v"), "Envoy": (find_envoy(), "--version"), "nginx": (find_nginx(), "-v")}
    told = {name: engine.version(flag) or "" for name, (engine, flag) in found.items() if engine is not None}
    return {name: match[0] for name, line in told.items() if (match := re.search(r"\d+\.\d+\.\d+", line))}


@dataclass(eq=False)
class Gateway:
    """A stand-in. `requests` are (method, path) as received; `kill` is what kill -9 looks like from outside."""

    name: str
    port: int = 0
    weight: int = 1
    is_ready: bool = True
    requests: list[tuple[str, str]] = field(default_factory=list)
    checks: int = 0
    cancelled: int = 0
    written_bytes: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    received: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self.runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self.runner.setup()
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        await web.SockSite(self.runner, listener).start()

    async def stop(self) -> None:
        if self.runner is not None:
            self.release.set()
            await self.runner.cleanup()
            self.runner = None

    async def stop_listening(self) -> None:
        """New connections are refused; those that are open go on."""
        for site in list(self.runner.sites):
            await site.stop()

    async def kill(self) -> None:
        await self.stop_listening()
        self.abort_connections()
        await self.stop()

    def abort_connections(self) -> None:
        for connection in list(self.runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def as_member(self) -> dict[str, object]:
        return {"name": self.name, "host": "127.0.0.1", "port": self.port, "weight": self.weight}

    async def _ready(self, _request: web.Request) -> web.Response:
        self.checks += 1
        return web.Response(status=200 if self.is_ready else 503)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path))
        action = getattr(self, "_on_" + request.path.strip("/").split("/")[0], self._on_echo)
        try:
            return await action(request)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _on_echo(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = [[str(name, "latin-1"), str(value, "latin-1")] for name, value in request.raw_headers]
        answer = {"gateway": self.name, "headers": headers, "body_bytes": len(body), "path": request.raw_path}
        return web.json_response(
            answer,
            headers={
                "Connection": "X-Only-For-The-Hop",
                "X-Only-For-The-Hop": "1",
                "Keep-Alive": "timeout=9",
                "X-End": "1",
            },
        )

    async def _on_brief(self, _request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return web.json_response({"gateway": self.name})

    async def _on_fault(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async def _on_hold(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        await self.release.wait()
        return web.json_response({"gateway": self.name})

    async def _on_sse(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while (chunk := await self.chunks.get()) is not None:
            await response.write(chunk)
        return response

    async def _on_upload(self, request: web.Request) -> web.StreamResponse:
        total = 0
        async for chunk in request.content.iter_any():
            total += len(chunk)
            self.received.put_nowait(chunk)
        return web.json_response({"gateway": self.name, "body_bytes": total})

    async def _on_websocket(self, request: web.Request) -> web.StreamResponse:
        """Says everything again, and its name first."""
        ws = web.WebSocketResponse(autoclose=False)
        await ws.prepare(request)
        await ws.send_str(self.name)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    async def _on_unread(self, _request: web.Request) -> web.StreamResponse:
        """Takes nothing of the body before it is released."""
        await self.release.wait()
        return web.Response()

    async def _on_flood(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            self.written_bytes += 65_536

    async def _on_cut(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if "length" in request.query:
            response.content_length = 1000
        await response.prepare(request)
        await response.write(b"x" * 10)
        await asyncio.sleep(0.1)
        request.transport.close()
        return response

    async def _on_drop(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        request.transport.abort()
        return web.Response()


class Balancer:
    """A running `python -m scalelab.stack.load_balancer`."""

    def __init__(self, engine: str, directory: Path, members: list[Gateway], overrides: dict[str, object]) -> None:
        self.directory = directory
        self.control_path = directory / "control.sock"
        traffic, admin = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.port = traffic.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{admin.getsockname()[1]}"
        settings = {
            "instance": "load_balancer-1",
            "stack_nonce": "nonce-of-this-test",
            "listen": f"fd://{traffic.fileno()}",
            "admin_listen": f"fd://{admin.fileno()}",
            "engine": engine,
            "policy": "round_robin",
            "members": [gateway.as_member() for gateway in members],
            "control_socket": str(self.control_path),
            "runtime_dir": str(directory / "runtime"),
            "health_interval_s": 0.1,
            "health_fall": 2,
            "health_rise": 1,
            "connect_timeout_s": 1.0,
            "response_timeout_s": 20.0,
            "drain_timeout_s": 10.0,
            "graceful_timeout_s": 5.0,
            **overrides,
        }
        (directory / "settings.json").write_text(json.dumps(settings))
        self.log_path = directory / "log"
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scalelab.stack.load_balancer"],
                stderr=log,
                env={**os.environ, "SCALELAB_SETTINGS": str(directory / "settings.json")},
                pass_fds=(traffic.fileno(), admin.fileno()),
                start_new_session=True,
            )
        traffic.close()
        admin.close()
        self._client: aiohttp.ClientSession | None = None
        self._control: aiohttp.ClientSession | None = None

    @property
    def client(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                self.url, connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=30)
            )
        return self._client

    async def view(self) -> dict[str, dict[str, object]]:
        async with self._control_session().get("http://localhost/members") as response:
            assert response.status == 200, await response.text()
            return {member["name"]: member for member in (await response.json())["members"]}

    async def put(self, gateways: list[Gateway], **fields: object) -> dict[str, dict[str, object]]:
        body = {"members": [gateway.as_member() for gateway in gateways], **fields}
        async with self._control_session().put("http://localhost/members", json=body) as response:
            assert response.status == 200, await response.text()
            return {member["name"]: member for member in (await response.json())["members"]}

    async def put_policy(self, policy: str) -> tuple[int, dict[str, object]]:
        async with self._control_session().put("http://localhost/policy", json={"policy": policy}) as response:
            return response.status, await response.json()

    async def settled(self, expected: dict[str, str]) -> None:
        """Wait until the members' states are these."""

        async def has_settled() -> bool:
            with suppress(aiohttp.ClientError, AssertionError):
                return {name: member["state"] for name, member in (await self.view()).items()} == expected
            return False

        await eventually(has_settled, f"{expected}; log:\n{self.log_path.read_text()[-3000:]}")

    async def answering_gateways(self, requests: int) -> list[str]:
        names = []
        for _ in range(requests):
            async with self.client.get("/echo") as response:
                names.append((await response.json())["gateway"])
        return names

    def tree(self) -> list[psutil.Process]:
        """The service and all that it started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def log_events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    async def disconnect(self) -> None:
        """Close the test's own connections."""
        for session in (self._client, self._control):
            if session is not None:
                await session.close()
        self._client = self._control = None

    async def close(self) -> None:
        await self.disconnect()
        await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    def _control_session(self) -> aiohttp.ClientSession:
        if self._control is None:
            self._control = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.control_path)))
        return self._control


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, limit_s: float = START_LIMIT_S) -> None:
    deadline_s = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline_s, f"never came: {what}"
        await asyncio.sleep(0.02)


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for a condition, given as a plain function."""

    async def wait(condition: Callable[[], bool], what: str = "", limit_s: float = START_LIMIT_S) -> None:
        async def is_met() -> bool:
            return condition()

        await eventually(is_met, what, limit_s)

    return wait


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    reason = NOT_OFFERED.get((request.param, request.node.originalname))
    if reason is not None:
        pytest.skip(f"not offered: {reason}")
    return request.param


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: the path of a Unix socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="slb-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def start_gateways() -> AsyncIterator[Callable[[int], Awaitable[list[Gateway]]]]:
    started: list[Gateway] = []

    async def start(count: int) -> list[Gateway]:
        new = [Gateway(f"api_gateway-{len(started) + number}") for number in range(1, count + 1)]
        for gateway in new:
            await gateway.start()
        started.extend(new)
        return new

    yield start
    for gateway in started:
        await gateway.stop()


@pytest.fixture(scope="session")
def shared_balancer() -> Iterator[Callable[[str], Balancer]]:
    """One process per engine for all tests that need no settings of their own."""
    shared: dict[str, Balancer] = {}

    def of_engine(engine: str) -> Balancer:
        if engine not in shared:
            directory = Path(tempfile.mkdtemp(prefix="slb-", dir="/tmp"))
            shared[engine] = Balancer(engine, directory, [], {})
        return shared[engine]

    yield of_engine
    for balancer in shared.values():
        balancer.stop()
        shutil.rmtree(balancer.directory)


@pytest.fixture
async def use_balancer(
    engine: str, shared_balancer: Callable[[str], Balancer]
) -> AsyncIterator[Callable[[list[Gateway]], Awaitable[Balancer]]]:
    """Gives the shared balancer these gateways, and takes them away after the test."""
    balancer = shared_balancer(engine)

    async def use(gateways: list[Gateway]) -> Balancer:
        await balancer.settled({})
        await balancer.put(gateways, drain_timeout_s=10.0 if all(each.is_ready for each in gateways) else 0.2)
        await balancer.settled({gateway.name: "up" if gateway.is_ready else "down" for gateway in gateways})
        return balancer

    yield use
    try:
        await balancer.put([], drain_timeout_s=0.2)
    finally:
        await balancer.disconnect()


@pytest.fixture
async def start_balancer(engine: str, directory: Path) -> AsyncIterator[Callable[..., Awaitable[Balancer]]]:
    """Starts a balancer of the test's own and waits until all its gateways take traffic."""
    started: list[Balancer] = []

    async def start(gateways: list[Gateway], **overrides: object) -> Balancer:
        balancer = Balancer(engine, directory, gateways, overrides)
        started.append(balancer)
        await balancer.settled({gateway.name: "up" if gateway.is_ready else "down" for gateway in gateways})
        return balancer

    yield start
    for balancer in started:
        await balancer.close()


@pytest.fixture
async def crowd():
    """Starts clients that ask all the time; `stop` gives what they got."""
    tasks: list[asyncio.Task] = []
    is_over = asyncio.Event()

    class Crowd:
        def __init__(self) -> None:
            self.statuses: Counter[int | str] = Counter()
            self.gateways: Counter[str] = Counter()

        def start(self, client, size: int) -> None:
            methods = ("POST" if number % 3 == 0 else "GET" for number in range(size))
            tasks.extend(asyncio.create_task(self._ask(client, method)) for method in methods)

        async def stop(self) -> None:
            is_over.set()
            await asyncio.gather(*tasks)

        async def _ask(self, client, method: str) -> None:
            while not is_over.is_set():
                try:
                    async with client.request(method, "/brief") as response:
                        self.statuses[response.status] += 1
                        self.gateways[(await response.json())["gateway"]] += 1
                except Exception as error:  # noqa: BLE001  whatever it is, it is a failed request
                    self.statuses[repr(error)] += 1

    crowd = Crowd()
    yield crowd
    await crowd.stop()
