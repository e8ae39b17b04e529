"""The life of the Python engine's process: members, checks, traffic, control socket, admin listener, a stop."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import monotonic

import aiohttp

from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.control_socket import control_socket
from scalelab.stack.load_balancer.health import HealthRule
from scalelab.stack.load_balancer.python_engine.care import Care
from scalelab.stack.load_balancer.python_engine.client_side import ClientSide
from scalelab.stack.load_balancer.python_engine.connections import MemberConnections
from scalelab.stack.load_balancer.python_engine.health_checks import HealthChecks
from scalelab.stack.load_balancer.python_engine.measures import MemberMeasures
from scalelab.stack.load_balancer.python_engine.membership import EngineMembership
from scalelab.stack.load_balancer.python_engine.policies import POLICIES
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.load_balancer.python_engine.traffic import Traffic
from scalelab.stack.load_balancer.readiness import readiness_check
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.listening import open_listener
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestRecords
from scalelab.stack.service_kit.serving import BACKLOG

_LONGEST_LOOK_S = 1.0
_LOOKS_PER_TIMEOUT = 4
"""How often deadlines are looked at within the shortest of them."""
_POLL_S = 0.02
_FILES_FOR_ITSELF = 256
_FEWEST_CLIENTS = 64


async def run_engine(settings: BalancerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then let requests finish for at most `graceful_timeout_s`.

    Raises:
        CannotStartError: the admin listener cannot be opened.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    metrics, readiness = ServiceMetrics(), Readiness()

    def note_change() -> None:
        if pool.has_member_up() and not stopping.is_set():
            readiness.ready()
        else:
            readiness.not_ready("stopping" if stopping.is_set() else "no gateway is up")

    rule = HealthRule(settings.health_fall, settings.health_rise)
    pool = MemberPool(POLICIES[settings.policy](), rule, note_change, Care.of(settings))
    note_change()
    metrics.registry.register(MemberMeasures(pool))
    connections = MemberConnections(settings.connect_timeout_s, monotonic)
    records = RequestRecords(metrics, settings.access_sample_ratio)
    traffic = Traffic(
        pool,
        connections,
        records,
        response_timeout_s=settings.response_timeout_s,
        head_timeout_s=settings.head_timeout_s,
        body_timeout_s=settings.body_timeout_s,
        max_connection_age_s=settings.max_connection_age_s,
        most_clients=_most_clients(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
    )
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_session())
        await stack.enter_async_context(admin_listener(settings, metrics, readiness))
        checks = HealthChecks(pool, readiness_check(session, settings.health_timeout_s), settings.health_interval_s)
        stack.callback(checks.stop_all)
        membership = EngineMembership(pool, checks, settings.drain_timeout_s, connections.forget)
        membership.begin(settings.members)
        await stack.enter_async_context(_deadlines(traffic))
        await stack.enter_async_context(_serving(traffic, settings, readiness))
        await stack.enter_async_context(control_socket(settings.control_socket, membership))
        await stopping.wait()


def _most_clients(file_limit: int) -> int:
    """Each may need a second connection, to a gateway."""
    return max(_FEWEST_CLIENTS, (file_limit - _FILES_FOR_ITSELF) // 2)


@asynccontextmanager
async def _serving(traffic: Traffic, settings: BalancerSettings, readiness: Readiness) -> AsyncIterator[None]:
    """Take connections; afterwards none, and those that there are end when they are done or the time is over."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: ClientSide(traffic), sock=open_listener(settings.listen), backlog=BACKLOG
    )
    yield
    traffic.is_stopping = True
    readiness.not_ready("stopping")
    server.close()
    until_s = monotonic() + settings.graceful_timeout_s
    while traffic.clients and monotonic() < until_s:
        for client in [client for client in traffic.clients if client.is_idle]:
            client.close()
        await asyncio.sleep(_POLL_S)
    for client in tuple(traffic.clients):
        client.break_off()
    await asyncio.sleep(_POLL_S)  # for what is said last
    for client in tuple(traffic.clients):
        client.abort()
    traffic.connections.close()
    await asyncio.sleep(0)  # lets the transports end


@asynccontextmanager
async def _deadlines(traffic: Traffic) -> AsyncIterator[None]:
    """What waits for too long ends."""
    shortest_s = min(traffic.response_timeout_s, traffic.head_timeout_s, traffic.body_timeout_s)
    pause_s = min(_LONGEST_LOOK_S, shortest_s / _LOOKS_PER_TIMEOUT)

    async def look() -> None:
        while True:
            await asyncio.sleep(pause_s)
            traffic.expire_late(monotonic())

    looking = asyncio.create_task(look(), name="deadlines")
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def _session() -> aiohttp.ClientSession:
    """For health checks."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
