"""Puts one service together: routes, health, metrics, problems and resources become one ASGI application."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, cast

from aiohttp import web
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from scalelab.contracts.http_names import LIVE_PATH, READY_PATH
from scalelab.contracts.service_settings import ServiceSettings
from scalelab.contracts.stack_identity import stack_identity
from scalelab.stack.service_kit.admin import Readiness, admin_listener
from scalelab.stack.service_kit.cannot_start import logged_when_it_cannot_start, without_start_traceback
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.problems import answer_http_exception, answer_unexpected
from scalelab.stack.service_kit.request_context import RequestContext

Resources = Callable[[], AbstractAsyncContextManager[Mapping[str, Any] | None]]
"""What it gives, if anything, is the lifespan's state: the connections of the server see it."""


def build_service(
    settings: ServiceSettings,
    routes: Sequence[BaseRoute],
    *,
    metrics: ServiceMetrics,
    resources: Resources = nullcontext,
    admin_routes: Iterable[web.RouteDef] = (),
    fallback: ASGIApp | None = None,
) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        settings: of this instance.
        routes: its own; the health routes are added.
        metrics: its registry.
        resources: opened before the first request and closed after the last (pools, clients).
        admin_routes: further routes of the admin listener.
        fallback: answers requests whose path is none of `routes`; 404 without it.
    """
    readiness = Readiness()
    identity = {"instance": settings.instance, "stack": stack_identity(settings.stack_nonce)}

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            logged_when_it_cannot_start(),
            admin_listener(settings, metrics, readiness, admin_routes),
            resources() as state,
        ):
            readiness.ready()
            yield cast(Mapping[str, Any], state)  # None where there is none: a server need not know states then
            readiness.not_ready("stopping")

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "ok", **identity})

    async def ready(_request: Request) -> Response:
        status = "ok" if readiness.is_ready else readiness.reason
        return JSONResponse({"status": status, **identity}, 200 if readiness.is_ready else 503)

    app = Starlette(
        routes=[Route(LIVE_PATH, live), Route(READY_PATH, ready), *routes],
        lifespan=lifespan,
        exception_handlers={HTTPException: answer_http_exception, Exception: answer_unexpected},
    )
    app.router.redirect_slashes = False  # a path is a route or none; a redirect would repeat the Host that was sent
    if fallback is not None:
        app.router.default = fallback
    return RequestContext(without_start_traceback(app), metrics, settings.access_sample_ratio)
