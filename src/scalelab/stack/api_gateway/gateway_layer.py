"""The gateway's outermost layer: names the instance on every answer and hands its parts to the decorators."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scalelab.contracts.http_names import INSTANCE_HEADER
from scalelab.stack.api_gateway.authentication import Authenticator
from scalelab.stack.api_gateway.response_cache import ResponseCache

_INSTANCE = INSTANCE_HEADER.lower().encode()


class GatewayLayer:
    """`request.state.authenticator` and `request.state.response_cache` come from here."""

    def __init__(
        self, app: ASGIApp, *, instance: str, authenticator: Authenticator, response_cache: ResponseCache
    ) -> None:
        self._app = app
        self._instance = instance.encode()
        self._hot = response_cache.hot
        self._parts = {"authenticator": authenticator, "response_cache": response_cache}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_INSTANCE, self._instance)]
            await send(message)

        state = scope["state"] = {**scope.get("state", {}), **self._parts}
        if self._hot is not None:
            state["hot_moment"] = self._hot.moment()  # before the token is verified: a revocation comes after it
        await self._app(scope, receive, send_named)
