"""Requests and answers of the server as those of the cache, and back."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse

from scalelab.contracts.http_names import INSTANCE_HEADER
from scalelab.stack.api_gateway.forwarded_headers import raw
from scalelab.stack.api_gateway.origin.answers import Outgoing
from scalelab.stack.api_gateway.own_routes.shaping import Caller
from scalelab.stack.http_cache.fields import Fields

_SENDABLE = re.compile(r"[!-~]*")
_BODYLESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


def fields_of(request: HttpRequest) -> Fields:
    """All of them, in order."""
    return Fields((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)


def host_of(request: HttpRequest) -> str:
    """As the client said it, in lower case."""
    return request.headers.get("host", "").lower()


def caller_of(request: HttpRequest) -> Caller:
    """Whose token it is; nobody where none was asked for."""
    token = getattr(request.state, "token", None)
    return Caller() if token is None else Caller(token.subject, tuple(token.scopes))


def raw_path_of(request: HttpRequest) -> str:
    """Of the request line, still encoded."""
    return str(request.scope["raw_path"], "latin-1")


def raw_query_of(request: HttpRequest) -> str:
    """Likewise."""
    return str(request.scope["query_string"], "latin-1")


def has_sendable_query(request: HttpRequest) -> bool:
    """Whether it is printable ASCII, as a request line must be."""
    return _SENDABLE.fullmatch(raw_query_of(request)) is not None


def body_of(request: HttpRequest) -> tuple[AsyncIterator[bytes] | None, int | None]:
    """The body as it comes, None without one, and its length in bytes, None where the client does not say."""
    length = request.headers.get("content-length")
    if length is not None and "transfer-encoding" not in request.headers:
        return (None, None) if int(length) == 0 else (request.stream(), int(length))
    return (request.stream(), None) if "transfer-encoding" in request.headers else (None, None)


def whole_answer(request: HttpRequest, outgoing: Outgoing) -> HttpResponse:
    """An answer that is at hand."""
    response = HttpResponse(outgoing.body, outgoing.status)
    fields = for_client(outgoing.fields)
    if request.method != "HEAD":
        fields = fields.without({"content-length"})
        if outgoing.status not in _BODYLESS:
            fields = fields.with_field("content-length", str(len(outgoing.body)))
    response.raw_headers = raw(fields)
    return response


def for_client(fields: Fields) -> Fields:
    """Without what the gateway says itself."""
    return fields.without({INSTANCE_HEADER.lower()})
