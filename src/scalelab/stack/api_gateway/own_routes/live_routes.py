"""The routes of a gateway as they are now. A change is one step: a request takes those of before or those of after.

A route that is in both goes on with its connections, slots and budget; another is closed after its last request.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from scalelab.contracts.routes import RouteTable
from scalelab.stack.api_gateway.own_routes.messages import has_sendable_query, raw_path_of
from scalelab.stack.api_gateway.own_routes.route_choice import Chosen, NotAllowed, RouteChoice
from scalelab.stack.api_gateway.own_routes.served_route import RouteParts, ServedRoute
from scalelab.stack.service_kit.problems import problem


@dataclass(frozen=True)
class _Template:
    """What the metrics call a route."""

    path: str


class LiveRoutes:
    """An ASGI application for whatever is none of the gateway's own paths."""

    def __init__(self, table: RouteTable, parts: RouteParts) -> None:
        """`table`: to begin with, once `opened`."""
        self._beginning = table
        self._parts = parts
        self._served: tuple[ServedRoute, ...] = ()
        self._choice: RouteChoice[ServedRoute] = RouteChoice(())
        self._retired: set[ServedRoute] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"<{len(self._served)} routes, {len(self._retired)} on their way out>"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Serves while the context is open."""
        self.change(self._beginning)
        try:
            yield
        finally:
            await asyncio.gather(*self._closing)
            for served in (*self._served, *self._retired):
                await served.aclose()

    def change(self, table: RouteTable) -> None:
        """From the next request on, these. Needs a running event loop."""
        known = {(served.route, served.upstream): served for served in self._served}
        wanted = [(route, table.upstreams[route.upstream]) for route in table.routes]
        served = tuple(known.pop(one) if one in known else ServedRoute(*one, self._parts) for one in wanted)
        self._served, self._choice = served, RouteChoice(served)
        self._parts.metrics.keep(one.route.path for one in served)
        self._retired.update(known.values())
        for retired in tuple(self._retired):
            self._close_if_idle(retired)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive, send)
        chosen = self._choice.choose(request.method, raw_path_of(request))
        if not has_sendable_query(request):
            detail = "the query has bytes that must be percent-encoded"
            await problem(request, HTTPStatus.BAD_REQUEST, detail)(scope, receive, send)
        elif isinstance(chosen, Chosen):
            await self._serve(chosen.by, scope, receive, send)
        elif isinstance(chosen, NotAllowed):
            allowed = {"Allow": ", ".join(chosen.allowed)}
            await problem(request, HTTPStatus.METHOD_NOT_ALLOWED, headers=allowed)(scope, receive, send)
        elif chosen.is_ambiguous:
            detail = "servers would not agree on where this path leads: write it plainly"
            await problem(request, HTTPStatus.BAD_REQUEST, detail)(scope, receive, send)
        else:
            await problem(request, HTTPStatus.NOT_FOUND)(scope, receive, send)

    async def _serve(self, served: ServedRoute, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Template(served.route.path)
        try:
            with served.in_use():
                await served(scope, receive, send)
        finally:
            if served in self._retired:
                self._close_if_idle(served)

    def _close_if_idle(self, served: ServedRoute) -> None:
        if served.is_idle:
            self._retired.discard(served)
            closing = asyncio.ensure_future(served.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
