"""The class of the request in hand, from its token's `priority`: read by the queue for slots. Off by default."""

from collections.abc import Iterable
from contextvars import ContextVar
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.priorities import PRIORITIES, PRIORITY_SCOPE_PREFIX, Priority
from scalelab.stack.api_gateway.authentication import Handler

_CURRENT: ContextVar[Priority] = ContextVar("priority", default="normal")


def current_priority() -> Priority:
    """Of the request in hand; a fetch for several has that of who came first."""
    return _CURRENT.get()


def with_priority(handler: Handler) -> Handler:
    """Stands below `@requires_token`; a request without a token is `normal`."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        held = getattr(request.state, "token", None)
        token = _CURRENT.set("normal" if held is None else held.priority)
        try:
            return await handler(request)
        finally:
            _CURRENT.reset(token)

    return answer


def parted(scopes: Iterable[str]) -> tuple[Priority, frozenset[str]]:
    """The class that an account's scopes grant, the highest of several, and the scopes that are left. Pure."""
    given = frozenset(scopes)
    classes: list[Priority] = [name for name in PRIORITIES if f"{PRIORITY_SCOPE_PREFIX}{name}" in given]
    left = given - {f"{PRIORITY_SCOPE_PREFIX}{name}" for name in PRIORITIES}
    return classes[0] if classes else "normal", left
