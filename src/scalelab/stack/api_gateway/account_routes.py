"""The routes of accounts and tokens: login, refresh, logout, the public keys; on the admin listener, new keys."""

from collections.abc import Callable, Sequence
from time import time
from typing import Protocol

import structlog
from aiohttp import web
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from scalelab.contracts.http_names import JWKS_PATH, LOGIN_PATH, LOGOUT_PATH, REFRESH_PATH
from scalelab.contracts.signing_keys import KEYS_RELOAD_PATH, ReloadedKeys
from scalelab.stack.api_gateway import refresh as refreshing
from scalelab.stack.api_gateway.access import Access
from scalelab.stack.api_gateway.authentication import requires_token
from scalelab.stack.api_gateway.forwarding import Upstream
from scalelab.stack.api_gateway.key_ring import KeyRing
from scalelab.stack.api_gateway.login import Login
from scalelab.stack.service_kit.admin import AdminHandler
from scalelab.stack.service_kit.cannot_start import CannotStartError


class AccountParts(Protocol):
    """What these routes need of the gateway. `database` may come only when it opens."""

    access: Access
    login: Login
    database: Upstream


def account_routes(parts: AccountParts, clock_s: Callable[[], float] = time) -> Sequence[BaseRoute]:
    """What a client does to get tokens, and to get rid of them."""

    async def login(request: Request) -> Response:
        return await parts.login.answer(request, parts.database)

    async def refresh(request: Request) -> Response:
        return await refreshing.refresh(request, parts.access.issuer)

    @requires_token
    async def logout(request: Request) -> Response:
        return await refreshing.logout(request, parts.access.issuer)

    async def public_keys(_request: Request) -> Response:
        return JSONResponse(parts.access.keys.public_keys(clock_s()))

    return [
        Route(LOGIN_PATH, login, methods=["POST"]),
        Route(REFRESH_PATH, refresh, methods=["POST"]),
        Route(LOGOUT_PATH, logout, methods=["POST"]),
        Route(JWKS_PATH, public_keys),
    ]


def key_routes(keys: KeyRing) -> Sequence[web.RouteDef]:
    """`POST /keys/reload` on the admin listener."""
    return [web.post(KEYS_RELOAD_PATH, _reload_handler(keys))]


def _reload_handler(keys: KeyRing) -> AdminHandler:
    async def reload(_request: web.Request) -> web.StreamResponse:
        try:
            keys.reload()
        except CannotStartError as error:
            structlog.get_logger().error("keys_not_reloaded", reason=str(error))
            return web.json_response({"reloaded": False, "reason": str(error)}, status=409)
        structlog.get_logger().info("keys_reloaded", active=keys.active.verification.kid, verifying=len(keys))
        return web.json_response(ReloadedKeys(active=keys.active_name, verifying=keys.names).model_dump())

    return reload
