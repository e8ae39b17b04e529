"""What a request must be before anybody acts on it: one framing, one host, a version that is spoken here. Pure.

The parser has refused what is malformed. These are the messages that are well formed and that two servers in a row
could still read differently (RFC 9112, 3.2, 6.1 and 6.3).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

MAX_HEAD_BYTES = 32 * 1024
"""Request line and fields; also the trailers and chunk extensions of a body, beyond `OVERHEAD_PER_BODY_BYTE`."""
MOST_LENGTH_DIGITS = 15
"""Of a Content-Length that is believed: a petabyte is no request, but a number to overflow somebody's arithmetic."""
OVERHEAD_PER_BODY_BYTE = 16
"""What the framing of chunks may take for each byte: chunks of one byte take five."""
MIN_BODY_BYTES_PER_S = 500
"""Of a body on its way; what Apache's mod_reqtimeout demands unless told otherwise."""
_VERSIONS = frozenset({"1.0", "1.1"})
PLAIN_HOST = re.compile(rb"[A-Za-z0-9._:\[\]-]{0,255}")

Fields = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Bounds:
    """How long a client may take. Seconds."""

    head_s: float = 10.0
    """From the first byte of a request to the end of its head."""
    body_s: float = 10.0
    """In each such time a body must bring `MIN_BODY_BYTES_PER_S` on average, or end."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How the body of an accepted request ends. `length_bytes` is None where the client does not say."""

    is_chunked: bool = False
    length_bytes: int | None = None

    def is_longer_than(self, limit_bytes: int) -> bool:
        """Whether the body is, or may be, longer."""
        return self.is_chunked or (self.length_bytes or 0) > limit_bytes


def framing_of(version: str, target: bytes, fields: Fields) -> Framing | HTTPStatus:
    """The framing of a request with this head, or the status to refuse it with.

    Args:
        version: as in the request line, `1.1`.
        target: as in the request line.
        fields: names in lower case.
    """
    hosts = 0
    codings: list[bytes] = []
    lengths: list[bytes] = []
    for name, value in fields:
        if name == b"host":
            hosts += 1
            if PLAIN_HOST.fullmatch(value) is None:
                return HTTPStatus.BAD_REQUEST
        elif name == b"transfer-encoding":
            codings.append(value.strip(b" \t").lower())
        elif name == b"content-length":
            lengths.append(value.strip(b" \t"))
    if version not in _VERSIONS:
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    if hosts > 1 or (not hosts and version != "1.0") or b"#" in target:
        return HTTPStatus.BAD_REQUEST
    return _framing(version, codings, lengths)


def _framing(version: str, codings: list[bytes], lengths: list[bytes]) -> Framing | HTTPStatus:
    if codings:
        is_plain = codings == [b"chunked"] and not lengths and version != "1.0"
        return Framing(is_chunked=True) if is_plain else HTTPStatus.BAD_REQUEST
    if not lengths:
        return Framing()
    is_plain = len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) <= MOST_LENGTH_DIGITS
    return Framing(length_bytes=int(lengths[0])) if is_plain else HTTPStatus.BAD_REQUEST


def size_of_head(target: bytes, fields: Fields) -> int:
    """Bytes, to within a few."""
    return len(target) + sum(len(name) + len(value) + 4 for name, value in fields)


def is_mostly_overhead(overhead_bytes: int, body_bytes: int) -> bool:
    """Whether the framing of a chunked body, with its trailers, is out of proportion."""
    return overhead_bytes > MAX_HEAD_BYTES + OVERHEAD_PER_BODY_BYTE * body_bytes
