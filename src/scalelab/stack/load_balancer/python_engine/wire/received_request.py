"""A client's request head: read strictly, and made into what a member is sent. Pure.

What one hop says about its connection ends here, and so does what a client claims about itself.
"""

import re
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.load_balancer.python_engine.wire.field_lines import (
    CHUNKED,
    NO_BODY,
    OF_ONE_HOP,
    TOKEN,
    UNFRAMED,
    TakenOut,
    framing,
    take_out,
    taking,
    tokens_of,
    without,
)
from scalelab.stack.service_kit.message_rules import PLAIN_HOST

MOST_KNOWN = 1024
"""Of the fields that are kept as they were read: most clients say the same each time."""
_MAX_KNOWN_BYTES = 4096
_LINE = re.compile(rb"(%b{1,64}) ([!-~]+) HTTP/([0-9])\.([0-9])" % TOKEN)
_ABSOLUTE = re.compile(rb"http://([^/?#@]+)(.*)", re.IGNORECASE)
_ID_NAME = REQUEST_ID_HEADER.lower().encode()
_ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_TAKEN = taking(
    (*OF_ONE_HOP, b"content-length", b"expect", b"host", b"authorization", b"forwarded", b"x-real-ip", _ID_NAME),
    # A gateway may take X_Forwarded_For for X-Forwarded-For.
    further=rb"x-forwarded-[^:\r]*|[^:\r_]*_[^:\r]*",
)
_TUNNELS = frozenset((b"websocket",))


class Refusal(NamedTuple):
    """Why a request is not read: the connection ends with this answer."""

    status: HTTPStatus


class RequestFields(NamedTuple):
    """What the fields of a head come to."""

    to_member: bytes
    """What stands between the target and the value of `X-Forwarded-For`."""
    host: bytes | None
    """None without one."""
    body: int
    """Its length, or `CHUNKED`."""
    is_last: bool
    """Whether the client wants no further answer on its connection."""
    tunnel: bytes
    """The protocol that is to follow on the connection; empty for none."""
    request_id: bytes
    """The client's, if it is a harmless token; else empty."""
    authorization: bytes


class ReceivedRequest:
    """One request. `key` and `user` are what policies may ask for."""

    __slots__ = ("fields", "is_old", "method", "request_id", "target")

    def __init__(self, method: bytes, target: bytes, fields: RequestFields, *, is_old: bool) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.is_old = is_old
        """HTTP/1.0: it knows no chunks."""
        self.request_id = fields.request_id
        """Made by whoever takes the request in hand, if the client gave none."""

    def __repr__(self) -> str:
        return f"<request: {self.method.decode()} {self.target.decode()}>"

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition(b"?")[0].decode()

    @property
    def key(self) -> str:
        """Of the query; empty without one."""
        return parse_qs(self.target.partition(b"?")[2].decode()).get("key", [""])[0]

    @property
    def user(self) -> str:
        """What tells one user's token from another's, whatever is in it: told apart, not believed."""
        return self.fields.authorization.decode("latin-1")

    def head_for_member(self, address: bytes) -> bytes:
        """All bytes of the head, for a client at `address`."""
        return b"%b %b%b%b\r\n%b: %b\r\n\r\n" % (
            self.method,
            self.target,
            self.fields.to_member,
            address,
            _ID_NAME,
            self.request_id,
        )


class RequestReader:
    """Reads heads; remembers fields that it read before, since the same bytes always mean the same."""

    def __init__(self) -> None:
        self._known: dict[bytes, RequestFields] = {}

    def read(self, head: bytes) -> ReceivedRequest | Refusal:
        """One head, without its last two line ends."""
        end = head.find(b"\r\n")
        line, lines = (head, b"") if end < 0 else (head[:end], head[end:])
        found = _LINE.fullmatch(line)
        if found is None:
            return Refusal(HTTPStatus.BAD_REQUEST)
        method, target, major, minor = found.groups()
        if major != b"1" or minor not in b"01":
            return Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        fields = self._known.get(lines) or self._fields(lines)
        if fields is None:
            return Refusal(HTTPStatus.BAD_REQUEST)
        is_old = minor == b"0"
        is_beyond_it = bool(fields.body == CHUNKED or fields.tunnel) if is_old else fields.host is None
        if is_beyond_it or b"#" in target:
            return Refusal(HTTPStatus.BAD_REQUEST)
        if target[:1] != b"/":
            return _unusual(method, target, fields, is_old=is_old)
        return ReceivedRequest(method, target, fields, is_old=is_old)

    def _fields(self, lines: bytes) -> RequestFields | None:
        fields = read_fields(lines)
        if fields is not None and len(lines) <= _MAX_KNOWN_BYTES:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[lines] = fields
        return fields


def read_fields(lines: bytes) -> RequestFields | None:
    """None when they are malformed, or can be understood in two ways."""
    out = take_out(lines, _TAKEN)
    if out is None:
        return None
    body = framing(out.values(b"content-length"), out.values(b"transfer-encoding"))
    hosts, ids = out.values(b"host"), out.values(_ID_NAME)
    if body is None or len(hosts) > 1 or not all(map(PLAIN_HOST.fullmatch, hosts)):
        return None
    named = tokens_of(out.values(b"connection"))
    host = hosts[0] if hosts else None
    tunnel = _tunnel(out, named) if body in {NO_BODY, UNFRAMED} else b""
    return RequestFields(
        to_member=_to_member(out, host, body, tunnel, named),
        host=host,
        body=NO_BODY if body == UNFRAMED else body,
        is_last=b"close" in named,
        tunnel=tunnel,
        request_id=ids[0] if len(ids) == 1 and _ACCEPTABLE_ID.fullmatch(ids[0]) else b"",
        authorization=b"".join(out.values(b"authorization")[:1]),
    )


def _to_member(out: TakenOut, host: bytes | None, body: int, tunnel: bytes, named: frozenset[bytes]) -> bytes:
    lines = [b" HTTP/1.1", b"Host: " + (host or b"")]
    if b"authorization" not in named:
        lines += [b"Authorization: " + value for value in out.values(b"authorization")]
    if b"100-continue" in tokens_of(out.values(b"expect")):
        lines.append(b"Expect: 100-continue")
    if tunnel:
        lines += [b"Connection: Upgrade", b"Upgrade: " + tunnel]
    kept = without(out.left, named)
    framed = {CHUNKED: b"\r\nTransfer-Encoding: chunked", UNFRAMED: b""}.get(body, b"\r\nContent-Length: %d" % body)
    ours = b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: %b\r\nX-Forwarded-For: " % (host or b"")
    return b"\r\n".join(lines) + kept + framed + ours


def _tunnel(out: TakenOut, named: frozenset[bytes]) -> bytes:
    wanted = out.values(b"upgrade")
    is_known = len(wanted) == 1 and wanted[0].lower() in _TUNNELS
    return wanted[0] if is_known and b"upgrade" in named else b""


def _unusual(method: bytes, target: bytes, fields: RequestFields, *, is_old: bool) -> ReceivedRequest | Refusal:
    """A target that is no path: a whole URL of the host that the request names (RFC 9112, 3.2.2), or `*`."""
    if method == b"CONNECT":
        return Refusal(HTTPStatus.NOT_IMPLEMENTED)
    if method == b"OPTIONS" and target == b"*":
        return ReceivedRequest(method, target, fields, is_old=is_old)
    found = _ABSOLUTE.fullmatch(target)
    if found is None or found[1].lower() != (fields.host or b"").lower():
        return Refusal(HTTPStatus.BAD_REQUEST)
    path = found[2] if found[2][:1] == b"/" else b"/" + found[2]
    return ReceivedRequest(method, path, fields, is_old=is_old)
