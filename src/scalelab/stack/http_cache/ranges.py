"""One byte range of a complete stored body (RFC 9110 section 14). Several ranges are answered with the whole."""

import re
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_MAX_DIGITS = 18
"""More than any body has bytes."""


@dataclass(frozen=True)
class ByteRange:
    """First and last byte, both included."""

    first: int
    last: int


def parse_range(value: str | None, length: int) -> ByteRange | None:
    """The satisfiable single range that a Range field asks for; None when the whole is to be sent.

    Args:
        value: the field's value, if any.
        length: bytes of the complete body.
    """
    match = _SINGLE_RANGE.fullmatch((value or "").strip())
    if match is None or match.group() == "bytes=-" or length == 0:
        return None
    first_text, last_text = match.groups()
    if not first_text:
        tail = _number(last_text)
        return ByteRange(max(0, length - tail), length - 1) if tail else None
    first, last = _number(first_text), _number(last_text) if last_text else length - 1
    return ByteRange(first, min(last, length - 1)) if first <= last and first < length else None


def _number(text: str) -> int:
    digits = text.lstrip("0")
    return int(digits or "0") if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS
