"""A small real server in the shape of the laboratory's gateway: fixed delays, an account, counters."""

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.processing import ProcessView, TextStatistics, process_proof
from scalelab.contracts.records import record_checksum
from scalelab.contracts.stack_view import Account

ACCOUNT = Account(username="student", password="correct horse")
NONCE = "this-stack"


def as_record(key, version, value):
    checksum = record_checksum(key, version, value)
    return json.dumps(
        {"key": key, "version": version, "value": value, "checksum": checksum}, separators=(",", ":")
    ).encode()


@dataclass
class SmallGateway:
    """Answers on a free port of loopback, from a thread with its own event loop."""

    delay_s: float = 0.0
    status: int = 200
    sabotage: str = ""
    """Every fifth answer is torn, foreign, stale, malformed or too old (aged), every fifth task another's (user);
    each task handed in again is a new one (twice), or every fifth new one is executed twice (executed)."""
    answered: int = 0
    sabotaged: int = 0
    versions: Counter[int] = field(default_factory=Counter)
    values: dict[int, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    executions: int = 0
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
        headers = {"X-Cache": "HIT" if is_hit else "MISS", "X-Scalelab-Instance": "api_gateway-1"}
        key = int(request.query["key"])
        body = self.result(key) if request.path == "/process" else self.record(key)
        if self.is_sabotaged("aged"):
            headers["Age"] = "100000"
        if self.is_sabotaged("malformed"):
            body = body[:-1]
        return web.Response(body=body, status=self.status, headers=headers)

    async def write(self, request: web.Request) -> web.Response:
        key = int(request.query["key"])
        self.values[key] = (await request.json())["value"]
        self.versions[key] += 1
        return web.Response(body=as_record(key, 1 + self.versions[key], self.values[key]))

    async def take_task(self, request: web.Request) -> web.Response:
        name = request.headers["Idempotency-Key"]
        task_id = self.tasks.get(name)
        if task_id is not None and self.sabotage == "twice":
            self.sabotaged += 1
            task_id = None
        if task_id is None:
            task_id = self.tasks[name] = f"{len(self.tasks)}-{self.sabotaged}"
            self.executions += 1 + self.is_sabotaged("executed")
        subject = "somebody else" if self.is_sabotaged("user") else "student"
        view = LongTaskView(id=task_id, subject=subject, state="queued", progress=0, attempts=0, submitted_at_s=1.0)
        return web.Response(body=view.model_dump_json().encode(), status=202)

    def is_sabotaged(self, *kinds: str) -> bool:
        if self.sabotage not in kinds:
            return False
        self.answered += 1
        is_due = self.answered % 5 == 0
        self.sabotaged += is_due
        return is_due

    def record(self, key: int) -> bytes:
        version, value = 1 + self.versions[key], self.values.get(key, "value")
        if self.is_sabotaged("torn", "foreign", "stale"):
            if self.sabotage == "torn":
                return as_record(key, version, value).replace(b'"value":"', b'"value":"?')
            if self.sabotage == "foreign":
                return as_record(key + 1, version, value)
            return as_record(key, 0 if version == 1 else 1, value)
        return as_record(key, version, value)

    def result(self, key: int) -> bytes:
        statistics = TextStatistics(characters=3, words=1, distinct_words=1, longest_word="abc", entropy_bits=1.5)
        versions = (1 + self.versions[key],)
        proof = process_proof(key, versions, statistics, "d")
        view = ProcessView(key=key, versions=versions, result=statistics, digest="d", proof=proof)
        body = view.model_dump_json().encode()
        return body.replace(b'"digest":"d"', b'"digest":"e"') if self.is_sabotaged("torn") else body

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
        return web.Response(
            text=f"scalelab_requests_in_flight {float(self.in_flight)}\n"
            f"scalelab_task_executions_total {float(self.executions)}\n"
        )

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/data", self.answer),
                web.put("/data", self.write),
                web.post("/longtask", self.take_task),
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
