"""The Starlette side of an origin route: takes the request, gives the answer."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from scalelab.stack.api_gateway.forwarding import as_response
from scalelab.stack.api_gateway.origin.answers import Outgoing
from scalelab.stack.api_gateway.origin.transaction import Asked, OriginCache
from scalelab.stack.http_cache.exchange import Request
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.service_kit.client_gone import answer_unless_gone
from scalelab.stack.service_kit.problems import problem
from scalelab.stack.upstream import UpstreamFault

MAX_REQUEST_BODY_BYTES = 16 * 1024 * 1024


class OriginEndpoint:
    """An ASGI endpoint that answers every method for its origin."""

    def __init__(self, cache: Callable[[], OriginCache]) -> None:
        """`cache` gives the origin's cache once the service has opened it."""
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest(scope, receive, send)
        response = await answer_unless_gone(request, self._answer(request, await _whole_body(request)))
        await response(scope, receive, send)

    async def _answer(self, request: HttpRequest, body: bytes | None) -> HttpResponse:
        if body is None:
            return problem(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        outgoing = await self._cache().answer(_asked(request, body))
        if isinstance(outgoing, UpstreamFault):
            return as_response(request, outgoing)
        return _as_http(request, outgoing)


def _as_http(request: HttpRequest, outgoing: Outgoing) -> HttpResponse:
    response = HttpResponse(outgoing.body, outgoing.status)
    fields = outgoing.fields
    if request.method != "HEAD":
        fields = fields.without({"content-length"})
        if outgoing.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
            fields = fields.with_field("content-length", str(len(outgoing.body)))
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in fields]
    return response


def _asked(request: HttpRequest, body: bytes) -> Asked:
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1")
    fields = Fields((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    return Asked(
        host=(fields.only("host") or "").lower(),
        url=f"{path}?{query}" if query else path,
        request=Request(request.method, fields),
        body=body or None,
    )


async def _whole_body(request: HttpRequest) -> bytes | None:
    chunks, size_bytes = [], 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > MAX_REQUEST_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
