"""Stops the work for a client that has gone, so that it holds no slot any longer."""

import asyncio
from collections.abc import Awaitable
from typing import Self

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this status; it stands in the log and the metrics."""


class DetachedRequest(Request):
    """A request whose body has been read, on behalf of all who wait for its answer: no client of it ever goes."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.scope, _nothing_more)

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """From a scope alone: whoever made it ends the work when the client goes."""
        request = cls.__new__(cls)
        Request.__init__(request, scope, _nothing_more)
        return request


async def _nothing_more() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def answer_unless_gone(request: Request, answer: Awaitable[Response]) -> Response:
    """Await `answer`; when the client disconnects first, `answer` is cancelled and the status is 499.

    Args:
        request: its body must have been read, or it has none.
        answer: the work; must survive a cancellation without leaking anything.
    """
    if isinstance(request, DetachedRequest):
        return await answer
    working = asyncio.current_task()
    assert working is not None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        working.cancel()

    watching = asyncio.create_task(watch(), name="client-gone-watch")
    try:
        return await answer
    except asyncio.CancelledError:
        if not is_gone or working.uncancel() > 0:
            raise
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    finally:
        watching.cancel()
