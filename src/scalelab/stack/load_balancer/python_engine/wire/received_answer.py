"""A member's answer head: read strictly, and made into what the client is sent. Pure but for the date.

An answer that two readers could end in two places is none: the member is at fault (RFC 9112, 6.3).
"""

import re
import time
from typing import NamedTuple

from scalelab.contracts.http_names import REQUEST_ID_HEADER
from scalelab.stack.load_balancer.python_engine.wire.field_lines import (
    CHUNKED,
    NO_BODY,
    OF_ONE_HOP,
    UNFRAMED,
    framing,
    take_out,
    taking,
    tokens_of,
    without,
)
from scalelab.stack.service_kit.request_context import date_of

MAX_HEAD_BYTES = 64 * 1024
SWITCHING_PROTOCOLS = 101
_FIRST_FINAL = 200
_BODYLESS = frozenset({204, 304})
_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t -~\x80-\xff]*))?")
_ID_NAME = REQUEST_ID_HEADER.lower().encode()
_TAKEN = taking((*OF_ONE_HOP, b"content-length", b"date", _ID_NAME))


class ReceivedAnswer(NamedTuple):
    """One answer's head."""

    status: int
    line: bytes
    """`HTTP/1.1` with status and reason."""
    left: bytes
    """The fields that pass, each with CR and LF before it."""
    date: bytes
    """Empty where the member gave none."""
    body: int
    """Length of what follows, `CHUNKED`, or `UNFRAMED`: up to the connection's end."""
    told_length: int
    """As the head says it, also where nothing follows; below 0 where it does not."""
    is_last: bool
    """Whether the member closes its connection after it."""
    upgrade: bytes

    @property
    def is_interim(self) -> bool:
        """Whether another one follows."""
        return self.status < _FIRST_FINAL

    def head_for_client(self, request_id: bytes, *, is_old: bool, is_last: bool) -> bytes:
        """All bytes of the head. An unframed body goes on in chunks, unless the client is `is_old`."""
        lines = [self.line, self.left]
        if self.body in {CHUNKED, UNFRAMED}:
            if not is_old:
                lines.append(b"\r\nTransfer-Encoding: chunked")
        elif self.told_length >= 0:
            lines.append(b"\r\nContent-Length: %d" % self.told_length)
        lines.append(
            b"\r\nDate: %b\r\n%b: %b%b\r\n\r\n"
            % (
                self.date or date_of(int(time.time())),
                _ID_NAME,
                request_id,
                b"\r\nConnection: close" if is_last else b"",
            )
        )
        return b"".join(lines)

    def interim_head(self) -> bytes:
        """Of an answer before the answer, or of one that begins a tunnel."""
        is_tunnel = self.status == SWITCHING_PROTOCOLS
        ours = b"\r\nConnection: Upgrade\r\nUpgrade: " + self.upgrade if is_tunnel else b""
        return self.line + self.left + ours + b"\r\n\r\n"


def read_answer(head: bytes, *, is_head_request: bool) -> ReceivedAnswer | None:
    """One head, without its last two line ends; None when it is malformed or can be understood in two ways."""
    end = head.find(b"\r\n")
    found = _LINE.fullmatch(head if end < 0 else head[:end])
    out = take_out(b"" if end < 0 else head[end:], _TAKEN)
    if found is None or out is None:
        return None
    is_old, status = found[1] == b"0", int(found[2])
    length = framing(out.values(b"content-length"), out.values(b"transfer-encoding"))
    if length is None or (is_old and length == CHUNKED):
        return None
    named = tokens_of(out.values(b"connection"))
    is_bodyless = is_head_request or status in _BODYLESS or status < _FIRST_FINAL
    says_length = status >= _FIRST_FINAL and status != 204  # noqa: PLR2004  RFC 9110, 8.6: there it means nothing
    return ReceivedAnswer(
        status,
        b"HTTP/1.1 %d %b" % (status, found[3] or b""),
        without(out.left, named),
        date=b"".join(out.values(b"date")[:1]),
        body=NO_BODY if is_bodyless else length,
        told_length=length if says_length else UNFRAMED,
        is_last=b"close" in named or (is_old and b"keep-alive" not in named),
        upgrade=b", ".join(out.values(b"upgrade")),
    )
