"""What the handlers work with: built from the settings, opened and closed with the service. Wiring only."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter

from scalelab.contracts import metric_names
from scalelab.contracts.http_names import DATA_PATH, PROCESS_PATH
from scalelab.contracts.routes import Upstream as RouteService
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.access import Access
from scalelab.stack.api_gateway.account_file import AccountFile
from scalelab.stack.api_gateway.around_handlers import AroundHandlers
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.direct_path.direct_reads import STATE_NAME, DirectReads
from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.forwarding import Upstream
from scalelab.stack.api_gateway.gateway_metrics import CacheMetrics, expose_slots
from scalelab.stack.api_gateway.hot_path.wiring import HotPath
from scalelab.stack.api_gateway.late_task_queue import LateTaskQueue
from scalelab.stack.api_gateway.login import Login
from scalelab.stack.api_gateway.own_routes.route_upstream import StreamingClient, connected
from scalelab.stack.api_gateway.own_routes.wiring import OwnRoutes
from scalelab.stack.api_gateway.passwords import PasswordChecks
from scalelab.stack.api_gateway.priority_classes import current_priority
from scalelab.stack.api_gateway.purging import Purges
from scalelab.stack.api_gateway.rate_limit import LocalRateCounts, RateLimiter, RateRule, SharedRateCounts
from scalelab.stack.api_gateway.record_writes import RecordWrites
from scalelab.stack.api_gateway.response_cache import ResponseCache
from scalelab.stack.api_gateway.response_store import ResponseStore
from scalelab.stack.api_gateway.sessions.opening import server_client
from scalelab.stack.api_gateway.tactics import Tactics, adaptive_limit
from scalelab.stack.api_gateway.upstream_paths import process_path_of, record_path_of
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.cache import Cache, FaultListener, open_cache
from scalelab.stack.resilience import Asks
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestRecords
from scalelab.stack.upstream import UpstreamClient

if TYPE_CHECKING:  # its libraries are an extra
    from scalelab.stack.api_gateway.traces import Traces


class GatewayParts:
    """One gateway's parts. The two services can be asked while `opened` is open."""

    database: Upstream
    microservice: Upstream

    def __init__(
        self,
        settings: GatewaySettings,
        metrics: ServiceMetrics,
        *,
        clock_s: Callable[[], float] = time,
        steady_clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """Connects to nothing yet.

        Args:
            settings: of this instance.
            metrics: get the gateway's own.
            clock_s: Unix time, for tokens and ages.
            steady_clock_s: monotonic time, for what the hit path holds.

        Raises:
            CannotStartError: the signing key or the cache's address or password is of no use.
        """
        if settings.rate_limit_per_s or settings.traces_endpoint:
            settings = settings.model_copy(update={"hit_path": False})  # every request is to be counted, or traced
        self.traces = _traces(settings)
        self._settings = settings
        self._steady_clock_s = steady_clock_s
        self.rate_limiter = _rate_limiter(settings, metrics)
        cache_metrics = CacheMetrics(metrics)
        self._passwords = PasswordChecks()
        self.access = Access(settings, metrics, clock_s=clock_s)
        self.authenticator = self.access.authenticator
        self.cache = _cache(settings, cache_metrics.fault)
        self.hot_path = HotPath(settings, metrics, cache_metrics, clock_s=clock_s, steady_clock_s=steady_clock_s)
        self.coherence = self.hot_path.coherence
        self.hot_path.heed(self.access.revoked, self.access.keys)
        self.around = AroundHandlers.of(settings, metrics)
        store = ResponseStore(
            self.cache,
            cache_metrics,
            clock_s=clock_s,
            ttl_jitter=settings.cache_ttl_jitter,
            negative_ttl_s=settings.cache_negative_ttl_s,
            stale_if_error_s=settings.cache_stale_if_error_s,
        )
        self.response_cache = ResponseCache(
            store, self.hot_path.offers, coalesces=settings.coalescing, compression=self.around.compression
        )
        self.slots = _slots(settings)
        self._tactics = Tactics(settings, metrics)
        self.login = Login(
            self.access.issuer, self.access.login_throttle, passwords=self._passwords, slots=self.slots
        )
        self.writes = RecordWrites(self.slots, self.cache, self.coherence)
        self.purges = Purges(self.cache, self.coherence)
        self.tasks = LateTaskQueue(settings)
        self.own_routes = OwnRoutes(
            settings, self.cache, self.access.login_throttle.peer_of, self.around, metrics, self._connected
        )
        self.connection_state = dict(self.hot_path.connection_state)
        expose_slots(self.slots, metrics, has_classes=settings.slot_classes)

    def read_directly(self, reads: Mapping[str, Handler], records: RequestRecords) -> None:
        """Plain reads go straight to these handlers, which stand under token and key."""
        self.connection_state[STATE_NAME] = DirectReads(
            reads,
            instance=self._settings.instance,
            authenticator=self.authenticator,
            response_cache=self.response_cache,
            records=records,
            steady_clock_s=self._steady_clock_s,
        )

    def _pass_on(self, database: UpstreamClient, microservice: UpstreamClient) -> None:
        """Reads on which the gateway has nothing to decide but the token: nothing kept, no slots, limit or tactic."""
        settings, direct = self._settings, self.connection_state.get(STATE_NAME)
        is_decided_here = settings.cache_ttl_s > 0 or settings.upstream_slots > 0 or self.rate_limiter is not None
        is_decided_here |= (
            settings.compression or settings.explain_answers or settings.deadline_s > 0 or settings.client_deadlines
        )
        if direct is None or is_decided_here or self.database is not database:
            return
        direct.passages = {
            DATA_PATH: Passage(database, record_path_of),
            PROCESS_PATH: Passage(microservice, process_path_of),
        }

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Mapping[str, Any]]:
        """Holds the clients while the context is open; a write that has begun is finished first.

        Gives what the connections of the server need to know.
        """
        async with (
            self._services(),
            nullcontext() if self.traces is None else self.traces.opened(),
            self.access.opened(),
            self.tasks.opened(),
            self.own_routes.opened(),
            self.coherence.opened(),
        ):
            await self.cache.ping()  # connected before the first burst; without a cache it starts all the same
            try:
                yield self.connection_state
            finally:
                await self.writes.finish()
                await self.response_cache.filling.aclose()
                await self.cache.aclose()
                if self.rate_limiter is not None:
                    await self.rate_limiter.aclose()
                self._passwords.close()

    def _traced(self, client: UpstreamClient, service: str) -> Asks:
        return client if self.traces is None else self.traces.asks(client, service)

    def _connected(self, upstream: RouteService, timeout_s: float) -> StreamingClient:
        client = connected(upstream, timeout_s)
        return client if self.traces is None else self.traces.streams(client, client.host)

    @asynccontextmanager
    async def _services(self) -> AsyncIterator[None]:
        """What the laboratory's routes ask; without them, a file of accounts is all there is."""
        settings = self._settings
        if settings.accounts_file is not None:
            self.database = AccountFile(settings.accounts_file)
            yield
            return
        timeout_s, is_kept_alive = settings.upstream_timeout_s, settings.upstream_keep_alive
        async with (
            UpstreamClient(settings.database_url, timeout_s, is_kept_alive=is_kept_alive) as database,
            UpstreamClient(settings.microservice_url, timeout_s, is_kept_alive=is_kept_alive) as microservice,
        ):
            self.database = self._tactics.around(self._traced(database, "database"), "database")
            self.microservice = self._tactics.around(self._traced(microservice, "microservice"), "microservice")
            self._pass_on(database, microservice)
            async with self._tactics.opened():
                yield


def _slots(settings: GatewaySettings) -> UpstreamSlots:
    return UpstreamSlots(
        settings.upstream_slots,
        settings.slot_wait_timeout_s,
        settings.slot_queue_limit,
        adaptive_limit(settings),
        current_priority,
    )


def _rate_limiter(settings: GatewaySettings, metrics: ServiceMetrics) -> RateLimiter | None:
    if not settings.rate_limit_per_s:
        return None
    rule = RateRule(settings.rate_limit_per_s, settings.rate_limit_burst)
    client = server_client(settings.cache_url, settings.cache_password_file)
    refused = Counter(metric_names.REQUESTS_LIMITED_TOTAL, "Refused by the rate limit.", registry=metrics.registry)
    unheard = Counter(metric_names.RATE_LIMIT_UNHEARD_TOTAL, "Not counted over all.", registry=metrics.registry)
    return RateLimiter(
        rule,
        None if client is None else SharedRateCounts(client, rule),
        LocalRateCounts(rule),
        settings.rate_limit_when_unreachable,
        on_refused=refused.inc,
        on_unheard=unheard.inc,
    )


def _traces(settings: GatewaySettings) -> "Traces | None":
    if not settings.traces_endpoint:
        return None
    try:
        from scalelab.stack.api_gateway.traces import Traces  # noqa: PLC0415  an extra
    except ImportError as error:
        raise CannotStartError(
            f"traces_endpoint = {settings.traces_endpoint!r}, but OpenTelemetry is not installed "
            f"({error.name}): pip install 'scalelab[otel]', or leave it out"
        ) from error
    return Traces.exported(settings)


def _cache(settings: GatewaySettings, on_fault: FaultListener) -> Cache:
    try:
        return open_cache(settings.cache_url, password_file=settings.cache_password_file, on_fault=on_fault)
    except ValueError as error:
        raise CannotStartError(str(error)) from error
    except OSError as error:
        raise CannotStartError(f"cache_password_file cannot be read: {error}") from error
