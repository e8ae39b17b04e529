"""Header fields as lines: whether all of them are well-formed, and those that mean something here taken out. Pure.

Both are one pass of a regular expression each: a loop over fields costs more than all else done for a request.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from scalelab.stack.load_balancer.base import MOST_LENGTH_DIGITS

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
"""RFC 9110, 5.6.2: what a method or the name of a field consists of."""
_FIELDS = re.compile(rb"(?:\r\n%b++:[\t -~\x80-\xff]*+)*+" % TOKEN)
_LENGTH = re.compile(rb"[0-9]{1,%d}" % MOST_LENGTH_DIGITS)
NO_BODY = 0
CHUNKED = -1
UNFRAMED = -2
"""No field says how long the body is."""
OF_ONE_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
"""RFC 9110, 7.6.1."""
_NOT_TO_REMOVE = frozenset((b"host", b"content-length", b"close", *OF_ONE_HOP))
"""Whoever names them in Connection: they address or frame the message, are no fields, or are taken out anyway."""


class TakenOut(NamedTuple):
    """The lines that are left, each with CR and LF before it, and the others: lower name, value without blanks."""

    left: bytes
    taken: list[tuple[bytes, bytes]]

    def values(self, name: bytes) -> list[bytes]:
        """Of all fields with this name that were taken, as they came."""
        return [value for found, value in self.taken if found == name]


def taking(names: Iterable[bytes], *, further: bytes = b"") -> re.Pattern[bytes]:
    """What `take_out` wants: fields with these names, and those that `further` matches."""
    known = b"|".join(re.escape(name) for name in names)
    return re.compile(rb"\r\n(%b%b):([^\r]*+)" % (known, further and b"|" + further), re.IGNORECASE)


def take_out(lines: bytes, pattern: re.Pattern[bytes]) -> TakenOut | None:
    """None when a line is malformed: a folded one, a blank before the colon, a control character, no name.

    Args:
        lines: each with CR and LF before it, none behind it.
        pattern: from `taking`.
    """
    if not _FIELDS.fullmatch(lines):
        return None
    parts = pattern.split(lines)
    if len(parts) == 1:
        return TakenOut(lines, [])
    names, values = parts[1::3], parts[2::3]
    taken = [(name.lower(), value.strip(b" \t")) for name, value in zip(names, values, strict=True)]
    return TakenOut(b"".join(parts[::3]), taken)


def tokens_of(values: Iterable[bytes]) -> frozenset[bytes]:
    """The members of a list, such as that of Connection, in lower case."""
    tokens = frozenset(token.strip(b" \t").lower() for value in values for token in value.split(b","))
    return tokens - {b""}


def without(lines: bytes, names: frozenset[bytes]) -> bytes:
    """The lines less the fields with these names, which a sender gave in Connection."""
    going = names - _NOT_TO_REMOVE
    if not going:
        return lines
    first, *others = lines.split(b"\r\n")
    return b"\r\n".join([first, *(line for line in others if line.partition(b":")[0].lower() not in going)])


def framing(lengths: list[bytes], codings: list[bytes]) -> int | None:
    """The body's length, `CHUNKED`, or `UNFRAMED`; None where two readers may find two ends (RFC 9112, 6.3)."""
    if codings:
        return CHUNKED if not lengths and len(codings) == 1 and codings[0].lower() == b"chunked" else None
    if not lengths:
        return UNFRAMED
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        return None
    return int(lengths[0])
