"""Which resource binds: the one whose limit, from measured demands, is the lowest and was reached. Pure.

A limit that the run did not come near explains nothing, and is not said to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scalelab.lab.analysis.laws.layered import USERS, Bound, LayeredSystem, bounds_of
from scalelab.lab.analysis.verdict.gains import Gain, gains_of
from scalelab.lab.analysis.verdict.measured_system import parts_of, system_of
from scalelab.lab.results.run_record import RunRecord

REACHED_RATIO = 0.85
"""Of the lowest limit: below it something else holds the rate down."""
CLEAR_RATIO = 1.25
"""The next limit is so much higher: nothing else could be meant."""
FULL_SHARE = 0.95
"""Of the time in use: nothing more goes through it, whatever comes of its work."""
ANSWERED_RATIO = 0.97
"""Of what an open load asks for: then it gets what it wants."""

Sureness = Literal["clear", "near", "unexplained"]


@dataclass(frozen=True)
class Verdict:
    """Of one scenario."""

    lowest: Bound
    """The lowest limit."""
    asked_per_s: float | None
    """Of an open load: what it asks for."""
    is_reached: bool
    """Whether the rate came near it; else something binds that was not measured."""
    following: Bound | None
    """The limit that comes next."""
    throughput_per_s: float
    system: LayeredSystem
    busy_share: float | None
    """Of the binding resource; None when users bind."""
    waiting_mean: float | None
    busy_mean: float | None
    sampled_mean: float | None
    """Places of the binding resource in use: from counters, and looked at once a second."""
    busiest: tuple[str, float] | None
    """What part of the system was busiest, and its share."""
    gains: tuple[Gain, ...] = ()
    """None are told where the rate neither came near the limit nor was all that an open load asks for."""

    @property
    def binding(self) -> Bound | None:
        """What holds the rate down; None when that was not among what was measured, or is the open load itself."""
        return self.lowest if (self.is_reached or self.is_exhausted) and not self.is_load_binding else None

    @property
    def is_load_binding(self) -> bool:
        """Whether an open load asks for less than the lowest limit, and gets it."""
        return self.asked_per_s is not None and self.throughput_per_s >= ANSWERED_RATIO * self.asked_per_s

    @property
    def is_exhausted(self) -> bool:
        """Whether it is in use all the time at a rate far below its limit: not every answer is a good one."""
        return not self.is_reached and not self.is_load_binding and (self.busy_share or 0.0) >= FULL_SHARE

    @property
    def answers_per_s(self) -> float:
        """Of the server while the lowest limit's resource was `busy_share` in use, good or not."""
        return self.lowest.per_s * (self.busy_share or 0.0)

    @property
    def sureness(self) -> Sureness:
        """Whether anything else could be meant."""
        if self.is_load_binding:
            return "clear" if self.lowest.per_s >= CLEAR_RATIO * self.throughput_per_s else "near"
        if not self.is_reached and not self.is_exhausted:
            return "unexplained"
        is_clear = self.following is None or self.following.per_s >= CLEAR_RATIO * self.lowest.per_s
        return "clear" if is_clear else "near"

    @property
    def are_users_binding(self) -> bool:
        """Whether more of anything in the system would change nothing."""
        return self.binding is not None and self.binding.name == USERS


def judge_scenario(records: Sequence[RunRecord]) -> Verdict | None:
    """The verdict on all runs of one scenario.

    Args:
        records: its runs, the first one first.

    Returns:
        None when the probes of a run did not tell.
    """
    systems = [system_of(record) for record in records]
    rates = [record.throughput_per_s for record in records]
    if not records or any(system is None for system in systems) or not all(rates):
        return None
    system = _typical([one for one in systems if one is not None])
    rate = sum(rate or 0.0 for rate in rates) / len(rates)
    limits = sorted(bounds_of(system), key=lambda bound: bound.per_s)
    lowest, following = limits[0], limits[1] if len(limits) > 1 else None
    uses = {use.name: use for use in records[0].resources}
    shares = {name: use.utilization for name, use in uses.items() if use.utilization is not None}
    binding = uses.get(lowest.name)
    verdict = Verdict(
        lowest=lowest,
        asked_per_s=records[0].rate_per_s,
        is_reached=rate >= REACHED_RATIO * lowest.per_s,
        following=following,
        throughput_per_s=rate,
        system=system,
        busy_share=shares.get(lowest.name),
        waiting_mean=binding.waiting_mean if binding is not None else None,
        busy_mean=binding.busy_mean if binding is not None else None,
        sampled_mean=binding.sampled_mean if binding is not None else None,
        busiest=max(shares.items(), key=lambda pair: pair[1]) if shares else None,
    )
    if not verdict.is_reached and not verdict.is_load_binding:
        return verdict
    gains = gains_of(system, parts_of(records), lowest.per_s if verdict.asked_per_s else rate)
    return replace(verdict, gains=gains)


def _typical(systems: Sequence[LayeredSystem]) -> LayeredSystem:
    """The one whose lowest limit is the median: a mean of systems is none that was measured."""
    ordered = sorted(systems, key=lambda system: min(bound.per_s for bound in bounds_of(system)))
    return ordered[len(ordered) // 2]
