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
from scalelab.stack.api_gateway.response_cache import CACHE_NAME, PASSED_ON
from scalelab.stack.api_gateway.response_store import DEFAULT_CACHE_CONTROL

MAX_KNOWN = 1024
"""Of lines, and of heads."""
MAX_HEAD_BYTES = 8192
_LINE_END = b"\r\n"
_STATUS_LINE = b"HTTP/1.1 200 OK"
_FIELD = re.compile(rb"([A-Za-z0-9-]+): ([!-~](?:[ -~]*[!-~])?)")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,8}")
_LENGTH_NAME = "content-length"
_ID_NAME = REQUEST_ID_HEADER.lower()
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
    """What is written before and behind an entity tag, if the answer needs one, up to the value of `Date`."""

    body_bytes: int
    needs_tag: bool
    """Whether the service gave no entity tag of its own."""
    before_tag: bytes
    after_tag: bytes


NOT_PLAIN = PlainHead(-1, needs_tag=False, before_tag=b"", after_tag=b"")
_OK = Field("", "200")
_DROPPED = Field("", "")


class PlainHeads:
    """The heads of one service."""

    def __init__(self) -> None:
        self._fields: dict[bytes, Field] = {_STATUS_LINE: _OK}
        self._heads: dict[tuple[Field | None, ...], PlainHead] = {}

    def __repr__(self) -> str:
        return f"<plain heads: {len(self._heads)}, of {len(self._fields)} lines>"

    def of(self, head: bytes) -> PlainHead:
        """What to write for it; `NOT_PLAIN` when it is for the parser.

        Args:
            head: status line and fields, without the line end of the last one.
        """
        known = self._heads.get(tuple(map(self._fields.get, head.split(_LINE_END))))
        return self._read(head) if known is None else known

    def _read(self, head: bytes) -> PlainHead:
        if len(head) > MAX_HEAD_BYTES:
            return NOT_PLAIN
        fields = [self._fields.get(line) or self._field(line) for line in head.split(_LINE_END)]
        plain = [field for field in fields if field is not None]
        if len(plain) < len(fields):
            return NOT_PLAIN
        key = tuple(plain)
        known = self._heads.get(key)
        if known is None:
            if len(self._heads) >= MAX_KNOWN:
                self._heads.clear()
            known = self._heads[key] = plain_head(plain)
        return known

    def _field(self, line: bytes) -> Field | None:
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        field = Field(found[1].decode().lower(), found[2].decode())
        is_said = field.name == _LENGTH_NAME or _frames(field) or client_response_headers([field])
        meaning = field if is_said else _DROPPED
        if field.name != _ID_NAME:  # which is another one each time
            if len(self._fields) >= MAX_KNOWN:
                self._fields = {_STATUS_LINE: _OK}
            self._fields[line] = meaning
        return meaning


def plain_head(fields: Sequence[Field]) -> PlainHead:
    """What to write for these lines, of which the first must be the status line."""
    lengths = [field.value for field in fields if field.name == _LENGTH_NAME]
    if fields[0] is not _OK or fields.count(_OK) > 1 or any(map(_frames, fields)):
        return NOT_PLAIN
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        return NOT_PLAIN
    kept = raw(client_response_headers([field for field in fields if field.name]))
    said = dict(reversed(kept))
    entity_tag = said.get(b"etag")
    if entity_tag is not None and not entity_tag.startswith(b'"'):
        return NOT_PLAIN
    needs_tag = entity_tag is None
    before = b"%bcontent-length: %b\r\n%b" % (STATUS_LINE[200], lengths[0].encode(), rendered_fields(kept))
    ruling = b"" if b"cache-control" in said else b"%b: %b\r\n" % DEFAULT_CACHE_CONTROL
    return PlainHead(
        int(lengths[0]),
        needs_tag,
        before + b"etag: " if needs_tag else before,
        (b"\r\n" if needs_tag else b"") + ruling + _SAID + b"date: ",
    )


def _frames(field: Field) -> bool:
    """Whether it says of the message or the connection what only the parser may judge."""
    return field.name in _FRAMING or (field.name == "connection" and field.value.lower() != "keep-alive")
