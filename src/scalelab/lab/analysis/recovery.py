"""How long a fault was felt: from tenths of a second, and from nothing that the system says of itself. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scalelab.contracts.faults import FaultTrace
from scalelab.lab.results.recording import FineRecord
from scalelab.lab.results.run_record import FaultOutcome

BEFORE_S = 5.0
"""What went before the fault is what the system comes back to."""
FULL_RATIO = 0.9
"""Of the rate before: half a second with less is a dip, unless there was one like it before."""
DIP_STEPS, CALM_STEPS = 5, 15
"""Tenths that are looked at together, and how long the rate must have stayed full."""
SLOW_RATIO = 3.0
"""Times the slowest answer before."""
REACTION_S = 2.0
"""After the roll-back: a dip that begins later is not laid at the fault's door."""
RATIO_STEPS = 10
"""Tenths over which a hit ratio is taken: a single tenth has too few answers."""
LEAST_BEFORE = 10
"""Tenths; with fewer nothing can be said of how it was."""


def fault_outcomes(
    traces: Sequence[FaultTrace], fine: FineRecord | None, started_at_unix_s: float, load_end_s: float
) -> tuple[FaultOutcome, ...]:
    """What each fault cost.

    Args:
        traces: in the order in which they were done.
        fine: tenths of a second from the start of the load; None where the driver does not count them.
        started_at_unix_s: that start.
        load_end_s: nothing is asked after it.
    """
    begins = [trace.began_unix_s - started_at_unix_s for trace in traces]
    ends = [*begins, load_end_s][1:]
    return tuple(_outcome(trace, fine, started_at_unix_s, next_s) for trace, next_s in zip(traces, ends, strict=True))


def _outcome(trace: FaultTrace, fine: FineRecord | None, started_at_unix_s: float, next_s: float) -> FaultOutcome:
    began_s, ended_s = trace.began_unix_s - started_at_unix_s, trace.ended_unix_s - started_at_unix_s
    noticed_s = None if trace.noticed_unix_s is None else trace.noticed_unix_s - trace.began_unix_s
    outcome = FaultOutcome(
        what=trace.fault.what, began_s=began_s, ended_s=ended_s, noticed_after_s=noticed_s, trouble=trace.trouble
    )
    if fine is None:
        return outcome
    first, last = int(began_s / fine.step_s), int(next_s / fine.step_s)
    before = slice(max(0, first - round(BEFORE_S / fine.step_s)), first)
    completed, failed = np.array(fine.completed[:last]), np.array(fine.failed[:last])
    slowest_s = np.array(fine.slowest_s[:last])
    if len(completed[before]) < LEAST_BEFORE or not completed[before].sum():
        return outcome.model_copy(update={"failed": int(failed[first:].sum())})
    usual = _sums(completed[before], DIP_STEPS)
    full = max(1.0, min(FULL_RATIO * float(usual.mean()), float(usual.min())))  # what chance does is no dip
    is_full = _sums(completed[first:], DIP_STEPS) >= full
    within_s = ended_s - began_s + REACTION_S
    is_quick = slowest_s[first:] <= SLOW_RATIO * float(slowest_s[before].max())
    return outcome.model_copy(
        update={
            "failed": int(failed[first:].sum()),
            "recovered_after_s": _calm_after(is_full, within_s, fine.step_s),
            "quick_after_s": _calm_after(is_quick, within_s, fine.step_s),
            "slowest_s": float(slowest_s[first:].max(initial=0.0)),
            **_hits(fine, slice(first, last), before, within_s),
        }
    )


def _hits(fine: FineRecord, after: slice, before: slice, within_s: float) -> dict[str, float | None]:
    """The hit ratio before, and when it was at least `FULL_RATIO` of that again."""
    hits, completed = np.array(fine.hits), np.array(fine.completed)
    if not len(hits) or not hits[before].sum():
        return {}
    ratio = float(hits[before].sum() / completed[before].sum())
    lowest = float((_sums(hits[before], RATIO_STEPS) / np.maximum(1, _sums(completed[before], RATIO_STEPS))).min())
    wanted = min(FULL_RATIO * ratio, lowest)
    is_back = _sums(hits[after], RATIO_STEPS) >= wanted * _sums(completed[after], RATIO_STEPS)
    return {"hit_ratio_before": ratio, "hits_back_after_s": _calm_after(is_back, within_s, fine.step_s)}


def _sums(counts: NDArray[np.int_], steps: int) -> NDArray[np.int_]:
    """Of each stretch of so many steps, by where it begins."""
    return np.convolve(counts, np.ones(steps, dtype=int), mode="valid") if len(counts) >= steps else counts[:0]


def _calm_after(is_good: NDArray[np.bool_], within_s: float, step_s: float) -> float | None:
    """Seconds until a dip was over that began `within_s`; 0 without one, None when it was not over at the end.

    Args:
        is_good: by step, from the fault on.
        within_s: a dip that begins later has another reason.
        step_s: length of a step.
    """
    bad = np.flatnonzero(~is_good[: round(within_s / step_s) + 1])
    if not len(bad):
        return 0.0
    run = 0
    for place in range(int(bad[0]), len(is_good)):
        run = run + 1 if is_good[place] else 0
        if run == CALM_STEPS:
            return (place - CALM_STEPS + 1) * step_s
    return None
