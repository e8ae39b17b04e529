"""When requests are meant to start: a rate over time, spaced evenly or as a Poisson process, or a recorded schedule.

Pure: values in, an iterator of offsets in seconds out. The same seed gives the same offsets. Never looks at a clock.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

_DRAWS = 1024


class ArrivalError(ValueError):
    """Raised when a schedule would hold nothing or cannot be; the message says which value is wrong."""


class Arrivals(Protocol):
    """A schedule: offsets from the start of the load, in seconds, never decreasing."""

    def __iter__(self) -> Iterator[float]:
        """All offsets, from the first. Each call starts anew."""

    def count_until(self, end_s: float) -> int:
        """How many offsets lie before `end_s`, without going through all of them where that can be."""


@dataclass(frozen=True)
class Segment:
    """A part of a rate curve: the rate goes in a straight line."""

    length_s: float
    from_rate_per_s: float
    to_rate_per_s: float

    @property
    def arrivals(self) -> float:
        """How many it holds, fractions included."""
        return self.length_s * (self.from_rate_per_s + self.to_rate_per_s) / 2

    def offset_of(self, number: float) -> float:
        """When so many have arrived, from the start of the segment: the inverse of `arrived_by`."""
        if self.to_rate_per_s == self.from_rate_per_s:
            return number / self.from_rate_per_s
        slope = (self.to_rate_per_s - self.from_rate_per_s) / self.length_s
        root = math.sqrt(max(0.0, self.from_rate_per_s**2 + 2 * slope * number))
        return 2 * number / (self.from_rate_per_s + root) if number else 0.0

    def arrived_by(self, offset_s: float) -> float:
        """How many have arrived then."""
        slope = (self.to_rate_per_s - self.from_rate_per_s) / self.length_s
        return offset_s * (self.from_rate_per_s + slope * offset_s / 2)


Curve = tuple[Segment, ...]
_EDGE = 1e-9
"""Arrivals as close as this to the end of a curve fall on it, and are out: the end is exclusive."""


def constant(rate_per_s: float, duration_s: float) -> Curve:
    """The same rate all the time."""
    return checked((Segment(duration_s, rate_per_s, rate_per_s),))


def ramp(from_rate_per_s: float, to_rate_per_s: float, duration_s: float) -> Curve:
    """From one rate to another, in a straight line."""
    return checked((Segment(duration_s, from_rate_per_s, to_rate_per_s),))


def steps(rates_per_s: Sequence[float], duration_s: float) -> Curve:
    """One rate after another, for equal parts of the duration."""
    if not rates_per_s:
        raise ArrivalError("steps need at least one rate")
    return checked(tuple(Segment(duration_s / len(rates_per_s), rate, rate) for rate in rates_per_s))


def spike(rate_per_s: float, peak_per_s: float, start_s: float, length_s: float, duration_s: float) -> Curve:
    """One rate, and another one between `start_s` and `start_s + length_s`."""
    rest_s = duration_s - start_s - length_s
    if start_s < 0 or length_s <= 0 or rest_s < -_EDGE:
        raise ArrivalError(
            f"a spike of {length_s:g} s from {start_s:g} s on does not fit into a duration of {duration_s:g} s"
        )
    parts = ((start_s, rate_per_s), (length_s, peak_per_s), (rest_s, rate_per_s))
    return checked(tuple(Segment(part_s, rate, rate) for part_s, rate in parts if part_s > _EDGE))


def checked(curve: Curve) -> Curve:
    """The curve, when it is one.

    Raises:
        ArrivalError: no duration, a negative or infinite rate, or a rate that is always zero.
    """
    values = [value for part in curve for value in (part.length_s, part.from_rate_per_s, part.to_rate_per_s)]
    if not all(math.isfinite(value) for value in values):
        raise ArrivalError("rate and duration must be finite numbers")
    if any(part.length_s <= 0 for part in curve):
        raise ArrivalError(f"the duration must be above 0 s, not {sum(part.length_s for part in curve):g}")
    if any(rate < 0 for part in curve for rate in (part.from_rate_per_s, part.to_rate_per_s)):
        raise ArrivalError("the rate must not be below 0 requests/s")
    if sum(part.arrivals for part in curve) == 0:
        raise ArrivalError("the rate must be above 0 requests/s: nothing would be sent")
    return curve


@dataclass(frozen=True)
class EvenArrivals:
    """As regular as the curve allows; the first one at its beginning."""

    curve: Curve

    def __iter__(self) -> Iterator[float]:
        """See `Arrivals`."""
        start_s, before, number = 0.0, 0.0, 0
        for part in self.curve:
            total = part.arrivals
            offset_of = part.offset_of
            while number - before < total - _EDGE:
                yield start_s + offset_of(max(0.0, number - before))
                number += 1
            start_s += part.length_s
            before += total

    def count_until(self, end_s: float) -> int:
        """See `Arrivals`."""
        return max(0, math.ceil(arrived_by(self.curve, end_s) - _EDGE))


@dataclass(frozen=True)
class PoissonArrivals:
    """Independent of one another, with the curve as their rate; seeded."""

    curve: Curve
    seed: int

    def __iter__(self) -> Iterator[float]:
        """See `Arrivals`."""
        start_s, before, numbers = 0.0, 0.0, self._numbers()
        number = next(numbers)
        for part in self.curve:
            total = part.arrivals
            while number - before < total:
                yield start_s + part.offset_of(number - before)
                number = next(numbers)
            start_s += part.length_s
            before += total

    def count_until(self, end_s: float) -> int:
        """See `Arrivals`."""
        limit, count = arrived_by(self.curve, end_s), 0
        for numbers in self._batches():
            below = int(np.searchsorted(numbers, limit))
            count += below
            if below < len(numbers):
                return count
        raise AssertionError("draws never end")

    def _numbers(self) -> Iterator[float]:
        for numbers in self._batches():
            yield from numbers.tolist()

    def _batches(self) -> "Iterator[np.ndarray[tuple[int], np.dtype[np.float64]]]":
        """Arrivals of a process of rate 1, in batches."""
        draws, last = np.random.default_rng(self.seed), 0.0
        while True:
            numbers = last + np.cumsum(draws.standard_exponential(_DRAWS))
            last = float(numbers[-1])
            yield numbers


@dataclass(frozen=True)
class ReplayedArrivals:
    """A schedule recorded elsewhere."""

    offsets_s: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be played.

        Raises:
            ArrivalError: empty, out of order, or not finite.
        """
        if not self.offsets_s:
            raise ArrivalError("the recorded schedule is empty")
        if not all(math.isfinite(offset_s) and offset_s >= 0 for offset_s in self.offsets_s):
            raise ArrivalError("the recorded schedule has an offset that is negative or no finite number")
        if any(later < earlier for earlier, later in zip(self.offsets_s, self.offsets_s[1:], strict=False)):
            raise ArrivalError("the recorded schedule is not in order of time")

    def __iter__(self) -> Iterator[float]:
        """See `Arrivals`."""
        return iter(self.offsets_s)

    def count_until(self, end_s: float) -> int:
        """See `Arrivals`."""
        return int(np.searchsorted(np.asarray(self.offsets_s), end_s))


def arrived_by(curve: Curve, end_s: float) -> float:
    """How many arrivals the curve holds before that time, fractions included."""
    total, start_s = 0.0, 0.0
    for part in curve:
        if end_s <= start_s:
            break
        total += part.arrived_by(min(part.length_s, end_s - start_s))
        start_s += part.length_s
    return total
