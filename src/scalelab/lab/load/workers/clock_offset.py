"""How far two machines' clocks lie apart, from messages that went there and back. Pure; times are seconds.

The method of Cristian, F., "Probabilistic clock synchronization" (1989): the other clock was read at some moment of
the round trip, so its middle is wrong by half the round trip at most. The shortest one says most.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RoundTrip:
    """One message and its answer."""

    sent_s: float
    """By our clock."""
    other_clock_s: float
    """What the other clock said in between."""
    received_s: float
    """By our clock."""

    @property
    def length_s(self) -> float:
        """There and back."""
        return self.received_s - self.sent_s


@dataclass(frozen=True)
class ClockOffset:
    """The other clock minus ours."""

    offset_s: float
    uncertainty_s: float
    """The true offset lies no further away."""

    def on_other_clock(self, our_time_s: float) -> float:
        """What the other clock says then."""
        return our_time_s + self.offset_s


def offset_of(round_trips: Sequence[RoundTrip]) -> ClockOffset:
    """What the shortest round trip says; there must be one."""
    best = min(round_trips, key=lambda trip: trip.length_s)
    return ClockOffset(best.other_clock_s - (best.sent_s + best.received_s) / 2, best.length_s / 2)
