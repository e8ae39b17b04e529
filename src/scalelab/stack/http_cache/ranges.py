"""One byte range of a complete stored body (RFC 9110 section 14). Several ranges are answered with the whole."""

import re
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


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
        return ByteRange(max(0, length - int(last_text)), length - 1) if int(last_text) else None
    first, last = int(first_text), int(last_text) if last_text else length - 1
    return ByteRange(first, min(last, length - 1)) if first <= last and first < length else None
