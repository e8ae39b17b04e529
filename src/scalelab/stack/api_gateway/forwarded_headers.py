"""Which headers pass through the gateway, and which never do. Pure."""

from collections.abc import Iterable, Mapping

from starlette.requests import Request

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER, INSTANCE_HEADER, REQUEST_ID_HEADER

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110, section 7.6.1; whatever `Connection` names comes on top."""
_SET_BY_US = frozenset(
    name.lower() for name in (REQUEST_ID_HEADER, CACHE_HEADER, CACHE_STATUS_HEADER, INSTANCE_HEADER, "Age")
) | {"content-length", "date", "server"}
_DROPPED = HOP_BY_HOP | _SET_BY_US
_SENT_UPSTREAM_WITH_A_BODY = ("content-type",)
UPSTREAM_REQUEST_HEADERS = {"Accept-Encoding": "identity"}
"""What goes upstream with every request."""


def upstream_request_headers(request: Request, *, has_body: bool) -> dict[str, str]:
    """The few headers that go upstream. What is not in the cache's key is not among them.

    A service that compresses unasked would have its answer served to a client that cannot read it.
    """
    sent = dict(UPSTREAM_REQUEST_HEADERS)
    if not has_body:
        return sent
    named = _named_by_connection(request.headers.items())
    for name in _SENT_UPSTREAM_WITH_A_BODY:
        value = request.headers.get(name)
        if value is not None and name not in named:
            sent[name] = value
    return sent


def client_response_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """An upstream answer's headers without those of its hop and those that the gateway sets itself."""
    lowered = [(name.lower(), value) for name, value in headers]
    kept = [pair for pair in lowered if pair[0] not in _DROPPED]
    named = _named_by_connection(lowered)
    return [pair for pair in kept if pair[0] not in named] if named else kept


def raw(headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The same as bytes, the way ASGI wants them."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in pairs]


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    return {
        name.strip().lower() for key, value in headers if key.lower() == "connection" for name in value.split(",")
    }
