"""When a load stops sending, and when it stops waiting. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StopRule:
    """No request starts at `duration_s` or later, nor after `most_requests`; none is awaited beyond the drain."""

    duration_s: float
    drain_limit_s: float
    most_requests: int | None = None

    def may_send(self, now_s: float, sent: int) -> bool:
        """Whether one more request may start."""
        return now_s < self.duration_s and (self.most_requests is None or sent < self.most_requests)

    def must_cut(self, now_s: float, end_s: float) -> bool:
        """Whether the drain that began at `end_s` has lasted long enough."""
        return now_s >= end_s + self.drain_limit_s
