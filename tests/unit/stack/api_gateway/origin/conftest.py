"""An origin that follows a script, a clock that is set, and requests in one line."""

import asyncio

import pytest

from scalelab.stack.api_gateway.origin.asked import Asked
from scalelab.stack.api_gateway.origin.store import OriginStore
from scalelab.stack.api_gateway.origin.transaction import OriginCache
from scalelab.stack.cache.memory import MemoryCache
from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.upstream import UpstreamFault


class ScriptedOrigin:
    """Answers the n-th fetch with the n-th item; waits for `gate` first when it is closed."""

    def __init__(self, clock):
        self.clock = clock
        self.script = []
        self.seen = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()

    def will(self, cache_control=None, status=200, body=b"body", **fields):
        pairs = [] if cache_control is None else [("cache-control", cache_control)]
        pairs += [(name.replace("_", "-"), value) for name, value in fields.items()]
        self.script.append((status, Fields(pairs), body))
        return self

    def will_fail(self, kind="unreachable"):
        self.script.append(UpstreamFault(kind, "scripted"))
        return self

    async def fetch(self, method, url, fields):
        self.seen.append((method, url, fields))
        step = self.script.pop(0)
        self.reached.set()
        await self.gate.wait()
        if isinstance(step, UpstreamFault):
            return step
        return Response(*step, self.clock.now_s, self.clock.now_s)


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def origin(clock):
    return ScriptedOrigin(clock)


@pytest.fixture
async def cache(origin, clock):
    opened = OriginCache(OriginStore(MemoryCache(clock_s=clock), "origin"), origin, clock_s=clock)
    yield opened
    await opened.aclose()


@pytest.fixture
def get():
    """`get("/a", if_none_match='"x"')` is a request for the cache."""

    def ask(url="/a", method="GET", host="here", partition=b"", **fields):
        pairs = [(name.replace("_", "-"), value) for name, value in fields.items()]
        return Asked(host, url, Request(method, Fields(pairs)), partition)

    return ask


@pytest.fixture
def write(cache, clock, get):
    """`await write("/a", "PUT", 201, location="/b")`: the origin has answered so, and the cache is told."""

    async def tell(url="/a", method="POST", status=200, **fields):
        pairs = list(fields.items())
        await cache.note_write(get(url, method), Response(status, Fields(pairs), b"", clock.now_s, clock.now_s))

    return tell
