"""Where frames of a WebSocket begin, told as its bytes pass: only there may another one be put in. Sans I/O.

Source: RFC 6455, 5.2.
"""

from struct import pack

_SERVICE_RESTART = 1012
"""Registered by IANA for close frames: come back."""
SERVICE_RESTART_FRAME = b"\x88\x02" + pack(">H", _SERVICE_RESTART)
_LENGTH_FOLLOWS = {126: 2, 127: 8}
"""In so many bytes, where the short length says this."""
_MASK_BYTES = 4
_IS_MASKED = 0x80
_OPCODE = 0x0F
_CLOSE = 0x8


class FrameBorders:
    """Of one direction."""

    __slots__ = ("_header", "_left_bytes", "is_closed")

    def __init__(self) -> None:
        self._header = b""
        """Of the frame in hand, as long as it is not whole."""
        self._left_bytes = 0
        """Of its content."""
        self.is_closed = False
        """Whether a close frame has begun: none may follow it."""

    @property
    def may_be_closed(self) -> bool:
        """Whether a close frame may be put in here."""
        return not self._header and not self._left_bytes and not self.is_closed

    def feed(self, data: bytes) -> None:
        """More bytes have passed."""
        place = 0
        while place < len(data):
            if self._left_bytes:
                taken = min(self._left_bytes, len(data) - place)
                self._left_bytes -= taken
            else:
                wanted = _header_bytes(self._header) - len(self._header)
                taken = min(wanted, len(data) - place)
                self._header += data[place : place + taken]
                if len(self._header) == _header_bytes(self._header):
                    self._begin_content()
            place += taken

    def _begin_content(self) -> None:
        header, self._header = self._header, b""
        self.is_closed = self.is_closed or header[0] & _OPCODE == _CLOSE
        short = header[1] & ~_IS_MASKED
        following = _LENGTH_FOLLOWS.get(short, 0)
        self._left_bytes = int.from_bytes(header[2 : 2 + following]) if following else short


def _header_bytes(header: bytes) -> int:
    """How long it is, as far as it can be told."""
    if len(header) < 2:  # noqa: PLR2004  the length begins in the second byte
        return 2
    mask_bytes = _MASK_BYTES if header[1] & _IS_MASKED else 0
    return 2 + _LENGTH_FOLLOWS.get(header[1] & ~_IS_MASKED, 0) + mask_bytes
