"""The body of a request on its way through: what waits for a member, and what can be sent again. Sans I/O."""

from scalelab.stack.load_balancer.python_engine.wire.body_framing import Body, body_of

MOST_HELD_BYTES = 64 * 1024
"""What is kept for another attempt, and what is taken from the client before a member takes it."""


class RequestBody:
    """Framed as the head says; `framing` is a length, 0 for none, or `CHUNKED`."""

    __slots__ = ("_body", "_held", "_sent", "_sent_bytes", "came_bytes")

    def __init__(self, framing: int, *, may_be_repeated: bool) -> None:
        self._body: Body | None = body_of(framing, is_to_be_chunked=True) if framing else None
        self._held = b""
        self._sent: bytes | None = b"" if may_be_repeated else None
        """None once it is too much to keep."""
        self._sent_bytes = 0
        self.came_bytes = 0
        """From the client, with its framing."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it has come from the client."""
        return self._body is None or self._body.is_complete

    @property
    def is_sent(self) -> bool:
        """Whether all of it was given out."""
        return self.is_complete and not self._held

    @property
    def can_be_repeated(self) -> bool:
        """Whether all that was given out can be given out again."""
        return self._sent is not None or not self._sent_bytes

    @property
    def is_too_much(self) -> bool:
        """Whether so much waits that no more should come."""
        return len(self._held) > MOST_HELD_BYTES

    def feed(self, data: bytes) -> bytes:
        """What came from the client; what lies behind the body's end is given back.

        Raises:
            BadFraming: its end can no longer be told.
        """
        body = self._body
        if body is None or body.is_complete:
            return data
        self.came_bytes += len(data)
        self._held += body.feed(data)
        data, body.rest = body.rest, b""
        return data

    def given_out(self) -> bytes:
        """All that waits, for the member that is asked."""
        held, self._held = self._held, b""
        self._sent_bytes += len(held)
        if self._sent is not None and self._sent_bytes <= MOST_HELD_BYTES:
            self._sent += held
        elif held:
            self._sent = None
        return held

    def take_back(self) -> None:
        """Another member is asked: all that was given out waits again. Only if it `can_be_repeated`."""
        self._held = (self._sent or b"") + self._held
        if self._sent is not None:
            self._sent = b""
        self._sent_bytes = 0
