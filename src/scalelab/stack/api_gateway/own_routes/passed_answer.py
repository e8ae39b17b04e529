"""An answer that is passed on piece by piece: read from the service no faster than the client takes it."""

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scalelab.stack.api_gateway.forwarded_headers import raw
from scalelab.stack.api_gateway.own_routes.messages import for_client
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.service_kit.client_gone import answer_unless_gone
from scalelab.stack.upstream.values import BrokenBodyError, StreamedBody


class PassedAnswer(Response):
    """Holds the service's connection until it is sent, or its client has gone."""

    def __init__(self, status: int, fields: Fields, body: StreamedBody) -> None:
        super().__init__(status_code=status)
        self.raw_headers = raw(for_client(fields))
        self.pieces = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. One that breaks off stays without an end, so that the server breaks the connection off, too."""
        try:
            await answer_unless_gone(Request(scope, receive), self._sent(send))
        finally:
            await self.pieces.aclose()

    async def _sent(self, send: Send) -> Response:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for piece in self.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except BrokenBodyError as error:
            structlog.get_logger().warning("upstream_fault", kind="broken", detail=str(error))
            return self
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return self
