"""The rules that doubt whether a run was in steady state. Pure: evidence in, a finding or None out.

A run that was too short says how long it would have to be.
"""

import math
from collections.abc import Sequence

from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.steady_state import LEAST_POINTS, steady_from, trend_of
from scalelab.lab.analysis.validity_rules import Finding, finding_of
from scalelab.lab.results.recording import TimelineRow

RATE_DRIFT_LIMIT = 0.1
"""Of the mean rate, over the window."""
IN_FLIGHT_DRIFT_LIMIT = 0.05
"""Of the users, over the window."""
OPEN_DRIFT_LIMIT = 0.5
"""Of the mean requests in flight of an open load."""
OPEN_DRIFT_LEAST = 10.0
OUTRUN_LIMIT = 0.05
"""Of the requests that came in."""
OUTRUN_DEVIATIONS = 4
"""And beyond chance: arrivals scatter by the root of their number."""
CYCLES_NEEDED = 2
"""Rounds of every user: one until the queue has settled, one to measure."""
ROUND_S = 10
"""A needed duration is told in whole tens of seconds."""


def not_steady(evidence: Evidence) -> Finding | None:
    """The rate, the requests in flight or the response drifted, or the window was too short for one round."""
    if evidence.is_disturbed:
        return None
    rows = evidence.window_rows
    doubts = (
        _outrun(evidence),
        _rate_drift([row.completed for row in rows]),
        _flight_drift(evidence),
        _response_drift(evidence),
        _short_window(evidence),
    )
    told = [doubt for doubt in doubts if doubt]
    if not told:
        return None
    return finding_of(
        "not-steady",
        f"Not in steady state over the window: {'; '.join(told)}. A mean over it depends on when it was taken.",
        _advice(evidence),
    )


def steadiness_unknown(evidence: Evidence) -> Finding | None:
    """Too few seconds to look for a drift."""
    rows = evidence.window_rows
    if evidence.completed_in_window == 0 or trend_of([row.completed for row in rows]) is not None:
        return None
    return finding_of(
        None,
        f"The window has {len(rows)} whole seconds in the timeline: too few to say whether the system was in steady "
        "state.",
        "Lengthen load.duration_s (without --quick); take the figures as a first look.",
        kind="steadiness-unknown",
    )


def cycle_s(evidence: Evidence) -> float | None:
    """How long one round of a user takes by Little's law: N / X, response and think time together."""
    rate = evidence.throughput_per_s
    return evidence.users / rate if rate and evidence.users else None


def needed_duration_s(evidence: Evidence) -> float | None:
    """How long the load would have to be: the ramp, then every user round `CYCLES_NEEDED` times."""
    cycle = cycle_s(evidence)
    if cycle is None:
        return None
    return math.ceil((evidence.window.start_s + CYCLES_NEEDED * cycle) / ROUND_S) * float(ROUND_S)


def _advice(evidence: Evidence) -> str:
    if evidence.users == 0:
        return "Lower load.rate_per_s below what the system answers, or lengthen load.settle_s and load.duration_s."
    needed_s, cycle = needed_duration_s(evidence), cycle_s(evidence)
    if needed_s is None or cycle is None or needed_s <= evidence.load_duration_s:
        return "Lengthen load.settle_s and load.duration_s."
    return (
        f"A round of one user takes N / X = {evidence.users} / {evidence.throughput_per_s:.3g} = {cycle:.0f} s: set "
        f"load.duration_s to {needed_s:.0f} or more, and load.settle_s to one round."
    )


def _outrun(evidence: Evidence) -> str:
    """An open load that comes in faster than it goes out, however even both are: the queue grows all the time."""
    rows = evidence.window_rows
    if evidence.users > 0 or not rows:
        return ""
    came, went = (sum(values) for values in zip(*((row.sent, _ended(row)) for row in rows), strict=True))
    if came - went <= max(OUTRUN_LIMIT * came, OUTRUN_DEVIATIONS * math.sqrt(came)):
        return ""
    length_s = len(rows)
    return f"{came / length_s:.1f} requests/s came in and {went / length_s:.1f} went out, so that the queue grew"


def _ended(row: TimelineRow) -> int:
    return row.completed + row.failed + row.timed_out


def _rate_drift(completed: Sequence[int]) -> str:
    trend = trend_of(completed)
    if trend is None or trend.mean <= 0 or not trend.is_significant:
        return ""
    share = trend.drift / trend.mean
    return f"completions drifted by {share:+.0%} of {trend.mean:.1f}/s" if abs(share) >= RATE_DRIFT_LIMIT else ""


def _flight_drift(evidence: Evidence) -> str:
    trend = trend_of([row.in_flight for row in evidence.window_rows])
    if trend is None or not trend.is_significant or abs(trend.drift) < _drift_allowed(evidence):
        return ""
    return f"requests in flight drifted by {trend.drift:+.0f} around {trend.mean:.0f}"


def _response_drift(evidence: Evidence) -> str:
    """Answers that come later and later, though neither rate nor queue moves: the queue's first ones are young.

    A change in the beginning, which the truncation of MSER-5 takes away, is no drift. It takes away half at most: a
    plateau so even that its own noise moves the cut beyond is judged by its second half.
    """
    responses = [row.latency_sum_s / row.completed for row in evidence.window_rows if row.completed > 0]
    if len(responses) < LEAST_POINTS:
        return ""
    start = steady_from(responses)
    rest = responses[start if start is not None else len(responses) // 2 :]
    if not _matters(responses, evidence) or not _matters(rest, evidence):
        return ""
    first_s, last_s = _ends(responses)
    return f"answers took {first_s:.3g} s in its first third and {last_s:.3g} s in its last; no steady part was found"


def _matters(responses: Sequence[float], evidence: Evidence) -> bool:
    """By Little's law a longer response means more requests in flight: X times the drift."""
    first_s, last_s = _ends(responses)
    return abs(last_s - first_s) * (evidence.throughput_per_s or 0.0) >= _drift_allowed(evidence)


def _drift_allowed(evidence: Evidence) -> float:
    """Requests in flight that may come or go over the window: few beside the users there are.

    An open load has none, and few requests in flight scatter by themselves: half of their mean, ten at least.
    """
    if evidence.users:
        return IN_FLIGHT_DRIFT_LIMIT * evidence.users
    rows = evidence.window_rows
    mean = sum(row.in_flight for row in rows) / len(rows) if rows else 0.0
    return max(OPEN_DRIFT_LEAST, OPEN_DRIFT_LIMIT * mean)


def _ends(responses: Sequence[float]) -> tuple[float, float]:
    """Mean of the first third and of the last."""
    third = max(1, len(responses) // 3)
    first_s, last_s = (sum(part) / third for part in (responses[:third], responses[-third:]))
    return first_s, last_s


def _short_window(evidence: Evidence) -> str:
    cycle, length_s = cycle_s(evidence), evidence.window.end_s - evidence.window.start_s
    if cycle is None or length_s >= cycle:
        return ""
    return f"it is {length_s:.0f} s long, but a round of one user takes {cycle:.0f} s (N / X)"
