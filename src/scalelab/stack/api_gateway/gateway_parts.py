"""What the handlers work with: built from the settings, opened and closed with the service. Wiring only."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import time

from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.api_gateway.access import Access
from scalelab.stack.api_gateway.forwarding import Upstream
from scalelab.stack.api_gateway.gateway_metrics import CacheMetrics, expose_slots
from scalelab.stack.api_gateway.late_task_queue import LateTaskQueue
from scalelab.stack.api_gateway.login import Login
from scalelab.stack.api_gateway.origin.origins import Origins
from scalelab.stack.api_gateway.passwords import PasswordChecks
from scalelab.stack.api_gateway.record_writes import RecordWrites
from scalelab.stack.api_gateway.response_cache import ResponseCache
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.cache import Cache, FaultListener, open_cache
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.upstream import UpstreamClient


class GatewayParts:
    """One gateway's parts. The two services can be asked while `opened` is open."""

    database: Upstream
    microservice: Upstream

    def __init__(
        self, settings: GatewaySettings, metrics: ServiceMetrics, *, clock_s: Callable[[], float] = time
    ) -> None:
        """Connects to nothing yet.

        Args:
            settings: of this instance.
            metrics: get the gateway's own.
            clock_s: Unix time, for tokens and ages.

        Raises:
            CannotStartError: the signing key or the cache's address or password is of no use.
        """
        self._settings = settings
        cache_metrics = CacheMetrics(metrics)
        self._passwords = PasswordChecks()
        self.access = Access(settings, metrics, clock_s=clock_s)
        self.authenticator = self.access.authenticator
        self.cache = _cache(settings, cache_metrics.fault)
        self.response_cache = ResponseCache(self.cache, cache_metrics, clock_s=clock_s)
        self.slots = UpstreamSlots(settings.upstream_slots, settings.slot_wait_timeout_s)
        self.login = Login(self.access.issuer, self.access.login_throttle, passwords=self._passwords, slots=self.slots)
        self.writes = RecordWrites(self.slots, self.cache)
        self.tasks = LateTaskQueue(settings)
        self.origins = Origins(settings.origin_routes, self.cache, settings.upstream_timeout_s)
        expose_slots(self.slots, metrics)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Holds the clients while the context is open; a write that has begun is finished first."""
        timeout_s = self._settings.upstream_timeout_s
        async with (
            UpstreamClient(self._settings.database_url, timeout_s) as self.database,
            UpstreamClient(self._settings.microservice_url, timeout_s) as self.microservice,
            self.access.opened(),
            self.tasks.opened(),
            self.origins.opened(),
        ):
            try:
                yield
            finally:
                await self.writes.finish()
                await self.cache.aclose()
                self._passwords.close()


def _cache(settings: GatewaySettings, on_fault: FaultListener) -> Cache:
    try:
        return open_cache(settings.cache_url, password_file=settings.cache_password_file, on_fault=on_fault)
    except ValueError as error:
        raise CannotStartError(str(error)) from error
    except OSError as error:
        raise CannotStartError(f"cache_password_file cannot be read: {error}") from error
