"""The time that a request has at the gateway, whatever it is spent on: the cache, a slot, attempts at a service."""

import asyncio
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import REQUEST_TIMEOUT_HEADER
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.forwarding import as_response
from scalelab.stack.service_kit.in_time import TimeKeeper
from scalelab.stack.upstream.time_left import OUT_OF_TIME, limited, wished_s

GRACE_S = 0.01
"""Who asks a service is given up at the end itself, and says what it was; this is for all other kinds of waiting."""


class OnTime:
    """Makes handlers answer in time. One instance for all routes of a gateway."""

    def __init__(self, keeper: TimeKeeper, deadline_s: float, *, honours_clients: bool) -> None:
        """Changes nothing yet.

        Args:
            keeper: of this gateway.
            deadline_s: what a request has on a route that says nothing of it; 0 = no limit.
            honours_clients: whether a client may wish for less.
        """
        self._keeper = keeper
        self._deadline_s = deadline_s
        self._honours_clients = honours_clients

    def __call__(self, handler: Handler, deadline_s: float | None = None) -> Handler:
        """The same handler where nothing limits it. `deadline_s`: of this route."""
        whole_s = self._deadline_s if deadline_s is None else deadline_s
        if not whole_s and not self._honours_clients:
            return handler

        @wraps(handler)
        async def answer(request: Request) -> Response:
            wishes = request.headers.getlist(REQUEST_TIMEOUT_HEADER) if self._honours_clients else []
            limit = limited(asyncio.get_running_loop().time(), whole_s, wished_s(wishes))
            if limit is None:
                return await handler(request)
            response = await self._keeper.kept(limit, handler(request), grace_s=GRACE_S)
            return response or as_response(request, OUT_OF_TIME)

        return answer
