"""Which header fields pass, in both directions, and which ones we write. Pure.

RFC 9110, 7.6.1: what one hop says about its connection ends at that hop, with all that it names in `Connection`.
"""

from collections.abc import Iterable

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.load_balancer.base import MOST_LENGTH_DIGITS

RawHeaders = Iterable[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_CLAIMS_ABOUT_THE_CLIENT = frozenset((b"forwarded", b"x-real-ip", REQUEST_ID_HEADER.lower().encode()))
_NEVER_REMOVED = frozenset((b"host", b"content-length"))
"""Whoever names them in Connection: they address or frame the message."""
_ANSWERED_HERE = frozenset((b"expect",))
_SET_BY_THE_SERVER = frozenset((b"date", REQUEST_ID_HEADER.lower().encode()))


def is_framed_plainly(received: RawHeaders) -> bool:
    """Whether nobody can read another message: one Host, no length beyond belief, no coding but `chunked`."""
    fields = [(name.lower(), value) for name, value in received]
    codings = [value.strip().lower() for name, value in fields if name == b"transfer-encoding"]
    has_plain_lengths = all(len(value) <= MOST_LENGTH_DIGITS for name, value in fields if name == b"content-length")
    is_for_one_host = sum(name == b"host" for name, _ in fields) <= 1
    return codings in ([], [b"chunked"]) and has_plain_lengths and is_for_one_host


def upstream_request_headers(
    received: RawHeaders, *, client: str, scheme: str, request_id: str
) -> list[tuple[bytes, bytes]]:
    """The fields of the request to a member: the client's, less what ends here, then ours.

    A name with an underscore is dropped: a gateway may take `X_Forwarded_For` for `X-Forwarded-For`.
    """
    received = [(name.lower(), value) for name, value in received]
    passed = [
        (name, value)
        for name, value in _less_hop_by_hop(received)
        if b"_" not in name
        and not name.startswith(b"x-forwarded-")
        and name not in _CLAIMS_ABOUT_THE_CLIENT
        and name not in _ANSWERED_HERE
    ]
    host = next((value for name, value in received if name == b"host"), b"")
    return [
        *passed,
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-proto", scheme.encode()),
        (b"x-forwarded-host", host),
        (REQUEST_ID_HEADER.lower().encode(), request_id.encode()),
    ]


def client_response_headers(received: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The fields of the answer to the client; the server adds its own date and the request id."""
    fields = [(name.lower(), value) for name, value in received]
    return [(name, value) for name, value in _less_hop_by_hop(fields) if name not in _SET_BY_THE_SERVER]


def _less_hop_by_hop(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    named = {token.strip().lower() for name, value in fields if name == b"connection" for token in value.split(b",")}
    ended_here = _HOP_BY_HOP | (named - _NEVER_REMOVED)
    return [(name, value) for name, value in fields if name not in ended_here]
