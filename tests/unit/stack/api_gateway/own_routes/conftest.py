"""A gateway's routes in this process, users with tokens, and a service that follows a script."""

import asyncio
import contextlib
from types import SimpleNamespace

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.stack.api_gateway.around_handlers import AroundHandlers, as_it_is
from scalelab.stack.api_gateway.authentication import NO_TOKEN
from scalelab.stack.api_gateway.explaining import explained
from scalelab.stack.api_gateway.on_time import OnTime
from scalelab.stack.api_gateway.own_routes.live_routes import LiveRoutes
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteMetrics
from scalelab.stack.api_gateway.own_routes.served_route import RouteParts
from scalelab.stack.api_gateway.rate_limit import LocalRateCounts, RateLimiter, RateRule
from scalelab.stack.cache.memory import MemoryCache
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.resilience import Budget, Retries, RetryRule
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream import StreamedAnswer, UpstreamFault
from scalelab.stack.upstream.values import BrokenBodyError


class Pieces:
    """A body of an answer: pieces, an exception, or an event that is waited for."""

    def __init__(self, pieces):
        self.left = list(pieces)
        self.is_closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        while self.left:
            piece = self.left.pop(0)
            if isinstance(piece, Exception):
                raise piece
            if not isinstance(piece, asyncio.Event):
                return piece
            await piece.wait()
        raise StopAsyncIteration

    async def aclose(self):
        self.is_closed = True


class Service:
    """All upstreams at once: answers the n-th request with the n-th step, the last one again and again."""

    def __init__(self):
        self.script = []
        self.seen = []
        self.bodies = []
        self.closed = 0
        self.reached = asyncio.Event()

    def will(self, *pieces, status=200, **headers):
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.script.append((status, pairs, pieces or (b"answer",)))
        return self

    def will_fail(self, kind):
        self.script.append(UpstreamFault(kind, "as scripted"))
        return self

    async def stream(self, method, url, *, headers=(), body=None, body_bytes=None):
        received = b"" if body is None else b"".join([piece async for piece in body])
        self.seen.append(
            SimpleNamespace(method=method, url=url, fields=Fields(headers), body=received, size=body_bytes)
        )
        self.reached.set()
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, UpstreamFault):
            return step
        status, pairs, pieces = step
        self.bodies.append(Pieces(pieces))
        return StreamedAnswer(status, pairs, self.bodies[-1])

    async def aclose(self):
        self.closed += 1


class Tokens:
    """`Bearer alice` or `Bearer alice:read write`."""

    def authenticate(self, authorization):
        if not authorization:
            return NO_TOKEN
        subject, _, scopes = authorization[0].removeprefix("Bearer ").partition(":")
        return SimpleNamespace(subject=subject, scopes=tuple(scopes.split()))


class Client:
    """Speaks ASGI to the routes."""

    def __init__(self, live):
        self.live = live
        self.gone = asyncio.Event()

    async def __call__(self, target, method="GET", *, user="alice", body=b"", host="shop.example", **headers):
        path, _, query = target.partition("?")
        pairs = [("host", host), *((name.replace("_", "-"), value) for name, value in headers.items())]
        if user is not None:
            pairs.append(("authorization", f"Bearer {user}"))
        if body:
            pairs.append(("content-length", str(len(body))))
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
            "client": ("192.0.2.7", 1),
            "state": {"authenticator": Tokens()},
        }
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if incoming:
                return incoming.pop()
            await self.gone.wait()
            return {"type": "http.disconnect"}

        sent = []

        async def send(message):
            sent.append(message)

        await self.live(scope, receive, send)
        begin, *rest = sent
        fields = Fields((name.decode(), value.decode("latin-1")) for name, value in begin["headers"])
        return SimpleNamespace(
            status=begin["status"],
            fields=fields,
            body=b"".join(message["body"] for message in rest),
            is_whole=bool(rest) and not rest[-1].get("more_body", False),
            outcome=fields.only("x-cache"),
            template=getattr(scope.get("route"), "path", None),
        )


@pytest.fixture
def service():
    return Service()


@pytest.fixture
async def routed(service):
    """`await routed({...}, {...})` opens routes, all to one service; gives a client."""

    def limiter_of(route):
        if route.limit is None:
            return None
        rule = RateRule(route.limit.rate_per_s, route.limit.burst)
        return RateLimiter(rule, None, LocalRateCounts(rule, clock_s=lambda: 0.0), "local")

    def retries_of(route):
        async def sleep(_seconds):
            pass

        return Retries(RetryRule(route.retries, 0.0, 0.0), Budget(0.1), sleep=sleep)

    def table_of(*routes):
        return RouteTable.model_validate(
            {
                "upstreams": {"shop": {"url": "http://127.0.0.1:1"}},
                "routes": [{"path": "/", "upstream": "shop", **route} for route in routes],
            }
        )

    async with contextlib.AsyncExitStack() as opened:

        async def open_routes(*routes, compression=None, explains=False):
            on_time = OnTime(TimeKeeper(ServiceMetrics()), 0.0, honours_clients=False)
            told = explained if explains else as_it_is
            metrics = ServiceMetrics()
            route_metrics = RouteMetrics(metrics)
            around = AroundHandlers(on_time, as_it_is, told, compression)
            parts = RouteParts(
                MemoryCache(),
                retries_of,
                limiter_of,
                lambda _r: "192.0.2.7",
                around,
                route_metrics,
                lambda *_to: service,
            )
            live = LiveRoutes(table_of(*routes), parts)
            await opened.enter_async_context(live.opened())
            client = Client(live)
            client.metric = metrics.registry.get_sample_value
            client.change = lambda *others: live.change(table_of(*others))
            return client

        yield open_routes


@pytest.fixture
def broken():
    return BrokenBodyError("as scripted")
