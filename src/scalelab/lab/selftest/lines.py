"""What the selftest says: what was expected, what was measured, and whether they agree. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["pass", "fail", "cannot tell"]


@dataclass(frozen=True)
class Line:
    """One figure held against the truth."""

    what: str
    expected: str
    measured: str
    verdict: Verdict


@dataclass(frozen=True)
class CaseOutcome:
    """One case, with all of its lines."""

    name: str
    proves: str
    elapsed_s: float
    lines: tuple[Line, ...]
    remark: str = ""
    """Why it cannot tell, or what kept it from being measured."""

    @property
    def verdict(self) -> Verdict:
        """The worst of its lines; a case without lines proves nothing."""
        return worst(line.verdict for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {**asdict(self), "verdict": self.verdict}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """A failure outweighs a doubt, a doubt outweighs any number of passes; nothing at all is a doubt."""
    found = set(verdicts)
    if "fail" in found:
        return "fail"
    return "pass" if found == {"pass"} else "cannot tell"


def doubted(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The same on a machine that was too busy: what failed may be its doing, what passed has passed all the same."""
    return tuple(
        Line(line.what, line.expected, line.measured, "cannot tell") if line.verdict == "fail" else line
        for line in lines
    )


def equal(what: str, expected: object, measured: object) -> Line:
    """Exactly so."""
    return Line(what, str(expected), str(measured), "pass" if expected == measured else "fail")


def near(what: str, expected: float, measured: float | None, *, within: float, unit: str = "") -> Line:
    """Within an absolute tolerance; a figure that is missing is a failure."""
    told = "none" if measured is None else f"{measured:.4g}{unit}"
    is_near = measured is not None and abs(measured - expected) <= within
    return Line(what, f"{expected:.4g}{unit} ± {within:.2g}{unit}", told, "pass" if is_near else "fail")


def between(what: str, low: float, high: float, measured: float | None, *, unit: str = "") -> Line:
    """From `low` to `high`, both included."""
    told = "none" if measured is None else f"{measured:.4g}{unit}"
    is_in = measured is not None and low <= measured <= high
    return Line(what, f"{low:.4g} to {high:.4g}{unit}", told, "pass" if is_in else "fail")


def said(what: str, wanted: str, told: Iterable[str]) -> Line:
    """A word that must be among those that were said."""
    words = list(told)
    return Line(what, wanted, ", ".join(words) or "nothing", "pass" if wanted in words else "fail")
