"""What becomes of the head of a service's plain answer, told by its lines: lines that came before are not read again.

Plain is a 200 of HTTP/1.1 with a length, on a connection that stays, in the commonest spelling. All else is for the
parser, so that nothing is decided here that it would decide differently. Pure, and bounded.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER, REQUEST_ID_HEADER
from scalelab.stack.api_gateway.direct_path.rendering import rendered_fields
from scalelab.stack.api_gateway.forwarded_headers import client_response_headers, raw
from scalelab.stack.api_gateway.freshness import strong_entity_tag
from scalelab.stack.api_gateway.response_cache import CACHE_NAME, PASSED_ON
from scalelab.stack.api_gateway.response_store import DEFAULT_CACHE_CONTROL

MAX_KNOWN = 1024
"""Of lines, and of heads."""
MAX_LINE_BYTES = 1024
_LINE_END = b"\r\n"
_STATUS_LINE = b"HTTP/1.1 200 OK"
_FIELD = re.compile(rb"([A-Za-z0-9-]+): ([!-~](?:[ -~]*[!-~])?)")
_TAG_NAME = b"etag: "
_TAG_LINE = re.compile(rb'(?i:etag): "[!#-~]*"')
_ID_LINE = re.compile(rb"(?i:%b): [A-Za-z0-9_.-]+" % REQUEST_ID_HEADER.encode())
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}")
_LENGTH_NAME = "content-length"
_FRAMING = frozenset({"transfer-encoding", "trailer", "upgrade"})
_SAID = b"%b: BYPASS\r\n%b: %b\r\n" % (
    CACHE_HEADER.lower().encode(),
    CACHE_STATUS_HEADER.lower().encode(),
    f"{CACHE_NAME}; {PASSED_ON}".encode(),
)


class Field(NamedTuple):
    """A field, its name in lower case."""

    name: str
    value: str


class PlainHead(NamedTuple):
    """What is written before and behind the value of the entity tag, up to the value of `Date`."""

    body_bytes: int
    tag_line: int
    """Which line has the service's own tag; -1 where it gave none."""
    before_tag: bytes
    after_tag: bytes

    def tag(self, head: bytes, body: bytes) -> bytes:
        """Of an answer with such a head."""
        if self.tag_line < 0:
            return strong_entity_tag(body).encode()
        return head.split(_LINE_END)[self.tag_line][len(_TAG_NAME) :]


NOT_PLAIN = PlainHead(-1, tag_line=-1, before_tag=b"", after_tag=b"")
_OK = Field("", "200")
_DROPPED = Field("", "")
_TAG = Field("", "etag")


class _Lines(dict[bytes, Field | None]):
    """What is known of a line; None for what only the parser may read."""

    def __missing__(self, line: bytes) -> Field | None:
        if _ID_LINE.fullmatch(line):  # this and the next are others each time, and not kept
            return _DROPPED
        if _TAG_LINE.fullmatch(line):
            return _TAG
        field = _field(line)
        if field is not None:
            if len(self) >= MAX_KNOWN:
                self.clear()
            self[line] = field
        return field


class PlainHeads:
    """The heads of one service."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._field_of = self._lines.__getitem__
        self._heads: dict[tuple[Field | None, ...], PlainHead] = {}

    def __repr__(self) -> str:
        return f"<plain heads: {len(self._heads)}, of {len(self._lines)} lines>"

    def of(self, head: bytes) -> PlainHead:
        """What to write for it; `NOT_PLAIN` when it is for the parser.

        Args:
            head: status line and fields, without the line end of the last one.
        """
        fields = tuple(map(self._field_of, head.split(_LINE_END)))
        known = self._heads.get(fields)
        if known is None:
            if len(self._heads) >= MAX_KNOWN:
                self._heads.clear()
            known = self._heads[fields] = plain_head(fields)
        return known


def plain_head(fields: Sequence[Field | None]) -> PlainHead:
    """What to write for these lines, of which the first must be the status line."""
    plain = [field for field in fields if field is not None]
    if len(plain) < len(fields) or plain[0] is not _OK or plain.count(_OK) > 1 or plain.count(_TAG) > 1:
        return NOT_PLAIN
    lengths = [field.value for field in plain if field.name == _LENGTH_NAME]
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]) or any(map(_is_for_the_parser, plain)):
        return NOT_PLAIN
    tag_line = plain.index(_TAG) if _TAG in plain else -1
    place = tag_line if tag_line >= 0 else len(plain)
    is_ruled = any(field.name == "cache-control" for field in plain)
    ruling = b"" if is_ruled else b"%b: %b\r\n" % DEFAULT_CACHE_CONTROL
    return PlainHead(
        int(lengths[0]),
        tag_line,
        b"%bcontent-length: %b\r\n%b" % (STATUS_LINE[200], lengths[0].encode(), _kept(plain[:place])) + _TAG_NAME,
        _LINE_END + _kept(plain[place + 1 :]) + ruling + _SAID + b"date: ",
    )


def _field(line: bytes) -> Field | None:
    if line == _STATUS_LINE:
        return _OK
    found = _FIELD.fullmatch(line) if len(line) <= MAX_LINE_BYTES else None
    if found is None:
        return None
    field = Field(found[1].decode().lower(), found[2].decode())
    is_said = field.name == _LENGTH_NAME or _is_for_the_parser(field) or client_response_headers([field])
    return field if is_said else _DROPPED


def _kept(fields: Sequence[Field]) -> bytes:
    return rendered_fields(raw(client_response_headers([field for field in fields if field.name])))


def _is_for_the_parser(field: Field) -> bool:
    """Whether it says of the message or the connection what only the parser may judge, or is an unusual tag."""
    is_of_connection = field.name == "connection" and field.value.lower() != "keep-alive"
    return field.name in _FRAMING or is_of_connection or field.name == "etag"
