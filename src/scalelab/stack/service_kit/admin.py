"""The admin listener of a service: health and metrics on a port of their own, away from the traffic."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from socket import socket

from aiohttp import web

from scalelab.contracts.http_names import DRAIN_PATH, LIVE_PATH, METRICS_PATH, READY_PATH, STACK_NONCE_HEADER
from scalelab.contracts.service_settings import ServiceSettings
from scalelab.stack.service_kit.cannot_start import CannotStartError
from scalelab.stack.service_kit.documents import health_document
from scalelab.stack.service_kit.listening import open_listener
from scalelab.stack.service_kit.metrics import ServiceMetrics

AdminHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Readiness:
    """Whether this process takes traffic. `reason` says why not."""

    is_ready: bool = False
    reason: str = field(default="starting")

    def ready(self) -> None:
        """From now on, traffic is welcome."""
        self.is_ready, self.reason = True, ""

    def not_ready(self, reason: str) -> None:
        """From now on, it is not."""
        self.is_ready, self.reason = False, reason


@asynccontextmanager
async def admin_listener(
    settings: ServiceSettings,
    metrics: ServiceMetrics,
    readiness: Readiness,
    routes: Iterable[web.RouteDef] = (),
) -> AsyncIterator[None]:
    """Serve health, metrics and `routes` on `settings.admin_listen` while the context is open.

    Any method but GET and HEAD needs the stack's nonce in a header, else 403.
    """

    @web.middleware
    async def demand_nonce(request: web.Request, handler: AdminHandler) -> web.StreamResponse:
        given = request.headers.get(STACK_NONCE_HEADER, "")
        if request.method not in {"GET", "HEAD"} and not compare_digest(
            given.encode(), settings.stack_nonce.encode()
        ):
            raise web.HTTPForbidden(text=f"header {STACK_NONCE_HEADER} is missing or of another stack\n")
        return await handler(request)

    async def live(_request: web.Request) -> web.StreamResponse:
        return web.json_response(health_document(settings, "ok"))

    async def ready(_request: web.Request) -> web.StreamResponse:
        state = "ok" if readiness.is_ready else readiness.reason
        return web.json_response(health_document(settings, state), status=200 if readiness.is_ready else 503)

    async def drain(_request: web.Request) -> web.StreamResponse:
        readiness.not_ready("draining")
        return web.json_response(health_document(settings, readiness.reason))

    async def expose(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.content_type})

    app = web.Application(middlewares=[demand_nonce])
    app.add_routes([web.get(LIVE_PATH, live), web.get(READY_PATH, ready), web.post(DRAIN_PATH, drain)])
    app.add_routes([web.get(METRICS_PATH, expose), *routes])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, _open_listener(settings)).start()
        yield
    finally:
        await runner.cleanup()


def _open_listener(settings: ServiceSettings) -> socket:
    try:
        return open_listener(settings.admin_listen)
    except (OSError, ValueError) as error:
        raise CannotStartError(f"admin_listen = {settings.admin_listen!r} cannot be opened: {error}") from error
