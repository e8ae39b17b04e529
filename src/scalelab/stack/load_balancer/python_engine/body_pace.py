"""Whether a client sends the body of its request at all: so many bytes in each window of time. Pure."""

from dataclasses import dataclass

from scalelab.stack.service_kit.message_rules import MIN_BODY_BYTES_PER_S


@dataclass(frozen=True)
class BodyPace:
    """One window. Those in which the client was held back say nothing of it."""

    began_s: float
    came_bytes: int
    """Of the body, before it."""

    def is_too_slow(self, now_s: float, came_bytes: int) -> bool:
        """Whether less has come since than even a poor line brings."""
        return came_bytes - self.came_bytes < MIN_BODY_BYTES_PER_S * (now_s - self.began_s)
