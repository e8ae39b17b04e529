"""A connection whose bytes are kept, for protocols that are tested without a socket."""

import asyncio


class Wire(asyncio.Transport):
    """What the protocol writes, and whether it has closed. Nothing is written behind the close."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data):
        assert not self.is_closed
        self.written += data

    def close(self):
        self.is_closed = True

    def is_closing(self):
        return self.is_closed

    def can_write_eof(self):
        return False

    def get_extra_info(self, _name, default=None):
        return default

    def pause_reading(self):
        """Nothing is read by itself."""

    def resume_reading(self):
        """Nothing is read by itself."""

    def taken(self):
        """What was written since the last time."""
        written, self.written = self.written, b""
        return written


class HalfClosingWire(Wire):
    """One that can say that it has said all, and still hear; nothing is written behind that."""

    def __init__(self):
        super().__init__()
        self.is_half_closed = False

    def write(self, data):
        assert not self.is_half_closed
        super().write(data)

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.is_half_closed = True
