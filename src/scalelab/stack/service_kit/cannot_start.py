"""A service that cannot start says why in one line, and ends for good: Gunicorn does not start it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CannotStartError(Exception):
    """Raised while a service starts, when it cannot; the message says what is wrong and which setting to change."""


def log_cannot_start(error: CannotStartError) -> None:
    """The one line."""
    structlog.get_logger().error("cannot_start", reason=str(error))


@asynccontextmanager
async def logged_when_it_cannot_start() -> AsyncIterator[None]:
    """Writes the line for a `CannotStartError` that passes through."""
    try:
        yield
    except CannotStartError as error:
        log_cannot_start(error)
        raise


def without_start_traceback(app: ASGIApp) -> ASGIApp:
    """The same application, but the framework's traceback of a `CannotStartError` is left out of the logs."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_shortened(message: Message) -> None:
            is_known = CannotStartError.__name__ in message.get("message", "")
            if message["type"] == "lifespan.startup.failed" and is_known:
                message = {**message, "message": ""}
            await send(message)

        await app(scope, receive, send_shortened if scope["type"] == "lifespan" else send)

    return answer
