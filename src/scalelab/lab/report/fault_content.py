"""Faults as a reader finds them: what was done, what was lost, and how long it was felt. Pure."""

from collections.abc import Iterator, Sequence

from scalelab.lab.report import figures as shown
from scalelab.lab.results.run_record import FaultOutcome, RunRecord

FAULTS_HEAD = (
    "Scenario",
    "Fault",
    "At",
    "Undone after",
    "Noticed after",
    "Requests lost",
    "Full rate after",
    "Quick again after",
    "Hit ratio back after",
    "Slowest answer (ms)",
)
_NEVER = "never otherwise"
MEANING = (
    "All times count from the beginning of the fault. Lost: failed or timed out, until the next fault or the end of "
    "the load. Full: at least 90 % of the rate of the five seconds before, or its lowest half second. Quick again: "
    "no answer takes more than three times the slowest of those. Hit ratio back: at least 90 % of theirs, or its "
    "lowest second. Noticed: by the balancer for a gateway, by the supervisor for any other part."
)


def fault_rows(records: Sequence[RunRecord]) -> tuple[tuple[str, ...], ...]:
    """One for each fault of each run."""
    return tuple(
        (title, outcome.what, shown.moment(outcome.began_s), *_figures(outcome))
        for record in records
        for title, outcome in _titled(record)
    )


def fault_sentences(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """What the columns mean, and what went wrong with a fault itself."""
    outcomes = [pair for record in records for pair in _titled(record)]
    told = [f"{title}: {outcome.what}: {outcome.trouble}." for title, outcome in outcomes if outcome.trouble]
    return (MEANING, *told) if outcomes else ()


def _titled(record: RunRecord) -> Iterator[tuple[str, FaultOutcome]]:
    return ((shown.run_title(record), outcome) for outcome in record.faults)


def _figures(outcome: FaultOutcome) -> tuple[str, ...]:
    return (
        shown.moment(outcome.ended_s - outcome.began_s),
        shown.moment(outcome.noticed_after_s) if outcome.noticed_after_s is not None else "not noticed",
        shown.whole(outcome.failed),
        _recovery(outcome, outcome.recovered_after_s),
        _recovery(outcome, outcome.quick_after_s),
        shown.ABSENT if outcome.hit_ratio_before is None else _recovery(outcome, outcome.hits_back_after_s),
        shown.milliseconds(outcome.slowest_s),
    )


def _recovery(outcome: FaultOutcome, after_s: float | None) -> str:
    if outcome.slowest_s is None:
        return shown.ABSENT
    if after_s is None:
        return "not before the end"
    return _NEVER if after_s == 0 else shown.moment(after_s)
