"""The Python engine's worker process, put together: members, checks, forwarding, control socket, admin listener."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiohttp
from starlette.types import ASGIApp, Receive, Scope, Send

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.control_socket import control_socket
from scalelab.stack.load_balancer.python_engine.attempt import UpstreamCalls
from scalelab.stack.load_balancer.python_engine.forwarding import Forwarder
from scalelab.stack.load_balancer.python_engine.health import HealthRule
from scalelab.stack.load_balancer.python_engine.health_checks import HealthChecks, readiness_check
from scalelab.stack.load_balancer.python_engine.measures import MemberMeasures
from scalelab.stack.load_balancer.python_engine.membership import WorkerMembership
from scalelab.stack.load_balancer.python_engine.policies import POLICIES
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestContext

_IDLE_CONNECTION_S = 5.0
"""Idle upstream connections are closed from then on: long before a gateway would (75 s)."""
_KNOWN_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


@dataclass(frozen=True)
class _Route:
    """What the metrics call every forwarded request."""

    path: str = "forwarded"


class BalancerApp:
    """Forwards every request, whatever its path; there are no routes of its own on the traffic listener."""

    def __init__(self, resources: Callable[[], AbstractAsyncContextManager[ASGIApp]]) -> None:
        self._resources = resources
        self._forwarder: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})  # answered 403 before the handshake
        else:
            assert self._forwarder is not None
            if scope["method"] in _KNOWN_METHODS:  # any token is a method: labels stay few
                scope["route"] = _Route()
            await self._forwarder(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._resources() as self._forwarder:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: BalancerSettings) -> ASGIApp:
    """The ASGI application of one worker."""
    metrics = ServiceMetrics()
    readiness = Readiness()

    @asynccontextmanager
    async def resources() -> AsyncIterator[ASGIApp]:
        def note_change() -> None:
            if pool.has_member_up():
                readiness.ready()
            else:
                readiness.not_ready("no gateway is up")

        rule = HealthRule(settings.health_fall, settings.health_rise)
        pool = MemberPool(POLICIES[settings.policy](), rule, note_change)
        note_change()
        metrics.registry.register(MemberMeasures(pool))
        async with _session() as session, admin_listener(settings, metrics, readiness):
            check = readiness_check(session, settings.health_timeout_s)
            checks = HealthChecks(pool, check, settings.health_interval_s)
            membership = WorkerMembership(pool, checks, settings.runtime_dir, settings.drain_timeout_s)
            membership.begin(settings.members)
            try:
                async with control_socket(settings.control_socket, membership):
                    yield Forwarder(
                        pool, UpstreamCalls(session, settings.connect_timeout_s, settings.response_timeout_s)
                    )
            finally:
                checks.stop_all()

    return RequestContext(BalancerApp(resources), metrics, settings.access_sample_ratio)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_CONNECTION_S, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
