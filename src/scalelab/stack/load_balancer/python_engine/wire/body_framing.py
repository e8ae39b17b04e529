"""Where a body ends, told as its bytes pass: nothing of it is kept. Sans I/O.

Chunks pass as they came, but for what may be said beside their sizes and behind the last one: that ends here.
"""

import re
from typing import Protocol

from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED, TOKEN, UNFRAMED

_MAX_LINE_BYTES = 512
_MAX_TRAILER_BYTES = 8192
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t -~\x80-\xff]*)?")
_TRAILER = re.compile(rb"%b++:[\t -~\x80-\xff]*+" % TOKEN)
_END = b"\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class BadFraming(Exception):  # noqa: N818
    """Raised when a body does not follow its framing: where it ends can no longer be told."""


class Body(Protocol):
    """One body on its way."""

    is_complete: bool
    rest: bytes
    """What came behind its end."""

    def feed(self, data: bytes) -> bytes:
        """What is to be passed on of it.

        Raises:
            BadFraming: see there.
        """
        ...

    def ending(self) -> bytes | None:
        """What is to be passed on when the connection ends; None when that breaks the body off."""
        ...


class LengthBody:
    """So many bytes."""

    __slots__ = ("_left_bytes", "is_complete", "rest")

    def __init__(self, length_bytes: int) -> None:
        self._left_bytes = length_bytes
        self.is_complete = length_bytes == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """See `Body`."""
        left_bytes = self._left_bytes - len(data)
        if left_bytes < 0:
            data, self.rest = data[:left_bytes], data[left_bytes:]
            left_bytes = 0
        self._left_bytes = left_bytes
        self.is_complete = left_bytes == 0
        return data

    def ending(self) -> bytes | None:
        """See `Body`."""
        return b"" if self.is_complete else None


class EndlessBody:
    """Up to the end of the connection; passed on as it is, or in chunks, so that its reader sees its end."""

    __slots__ = ("_is_to_be_chunked", "is_complete", "rest")

    def __init__(self, *, is_to_be_chunked: bool) -> None:
        self._is_to_be_chunked = is_to_be_chunked
        self.is_complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """See `Body`."""
        return b"%x\r\n%b\r\n" % (len(data), data) if data and self._is_to_be_chunked else data

    def ending(self) -> bytes | None:
        """See `Body`."""
        return LAST_CHUNK if self._is_to_be_chunked else b""


class ChunkedBody:
    """Chunks, passed on as such, or only what is in them."""

    __slots__ = (
        "_is_in_trailer",
        "_is_to_be_chunked",
        "_kept",
        "_left_bytes",
        "_trailer_bytes",
        "is_complete",
        "rest",
    )

    def __init__(self, *, is_to_be_chunked: bool) -> None:
        self._is_to_be_chunked = is_to_be_chunked
        self._kept = b""
        """A line that is not whole yet."""
        self._left_bytes = -1
        """Of the chunk in hand; 0 while its line end is awaited, -1 while the next size is."""
        self._is_in_trailer = False
        self._trailer_bytes = 0
        self.is_complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """See `Body`."""
        if self._kept:
            data, self._kept = self._kept + data, b""
        passed: list[bytes] = []
        place = 0
        while place < len(data) and not self.is_complete:
            if self._left_bytes > 0:
                taken = data[place : place + self._left_bytes]
                passed.append(taken)
                place += len(taken)
                self._left_bytes -= len(taken)
                continue
            end = data.find(_END, place)
            if end < 0:
                self._keep(data[place:])
                break
            self._read_line(data[place:end], passed)
            place = end + 2
        if self.is_complete:
            self.rest = data[place:]
        return b"".join(passed)

    def ending(self) -> bytes | None:
        """See `Body`."""
        return b"" if self.is_complete else None

    def _keep(self, line: bytes) -> None:
        if len(line) > _MAX_LINE_BYTES or b"\n" in line or (self._left_bytes == 0 and line != b"\r"):
            raise BadFraming
        self._kept = line

    def _read_line(self, line: bytes, passed: list[bytes]) -> None:
        if self._is_in_trailer:
            self._read_trailer(line, passed)
        elif self._left_bytes == 0:
            if line:
                raise BadFraming
            self._left_bytes = -1
            if self._is_to_be_chunked:
                passed.append(_END)
        else:
            self._read_size(line, passed)

    def _read_size(self, line: bytes, passed: list[bytes]) -> None:
        found = _SIZE.fullmatch(line) if len(line) <= _MAX_LINE_BYTES else None
        if found is None:
            raise BadFraming
        size_bytes = int(found[1], 16)
        if size_bytes == 0:
            self._is_in_trailer = True
            return
        self._left_bytes = size_bytes
        if self._is_to_be_chunked:
            passed.append(found[1] + _END)

    def _read_trailer(self, line: bytes, passed: list[bytes]) -> None:
        if not line:
            self.is_complete = True
            if self._is_to_be_chunked:
                passed.append(LAST_CHUNK)
            return
        self._trailer_bytes += len(line)
        if self._trailer_bytes > _MAX_TRAILER_BYTES or not _TRAILER.fullmatch(line):
            raise BadFraming


def body_of(framing: int, *, is_to_be_chunked: bool) -> Body:
    """For a length in bytes, `CHUNKED` or `UNFRAMED`. `is_to_be_chunked`: the reader knows chunks."""
    if framing == CHUNKED:
        return ChunkedBody(is_to_be_chunked=is_to_be_chunked)
    if framing == UNFRAMED:
        return EndlessBody(is_to_be_chunked=is_to_be_chunked)
    return LengthBody(framing)
