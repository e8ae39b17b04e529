"""What is compared and what came of it: alternating rounds, ratios, goals. Pure but for the calls it is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, TypeVar

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Figure:
    """Median, least and greatest of the rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Goal:
    """What was to be reached."""

    bound: float
    kind: Literal["at least", "at most", "below"] = "at least"

    def is_met(self, value: float) -> bool:
        """Whether `value` reaches it."""
        if self.kind == "at least":
            return value >= self.bound
        return value <= self.bound if self.kind == "at most" else value < self.bound


@dataclass(frozen=True)
class Row:
    """One line of a results table."""

    what: str
    figure: Figure
    unit: str
    """`x` for a ratio."""
    goal: Goal | None = None
    remark: str = ""

    @property
    def verdict(self) -> str:
        """`met`, `not met`, or nothing without a goal. The median decides."""
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.figure.median) else "not met"


@dataclass(frozen=True)
class Section:
    """One work: its rows, and what one has to know to read them."""

    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = field(default=())


def alternate(contestants: Mapping[str, Callable[[], ResultT]], rounds: int) -> dict[str, list[ResultT]]:
    """Each contestant once a round; every second round backwards, so that a drift favours nobody."""
    results: dict[str, list[ResultT]] = {name: [] for name in contestants}
    for number in range(rounds):
        names = list(contestants)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(contestants[name]())
    return results


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Round by round, so that what disturbed a whole round cancels."""
    return Figure.of([one / other for one, other in zip(ours, theirs, strict=True)])
