"""Contestants under wrk, in alternating rounds; what all comparisons of throughput have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks import wrk
from benchmarks.comparison import Figure, Goal, Row, alternate, ratio
from benchmarks.contestants.base import Contestant
from benchmarks.tokens import Tokens
from benchmarks.works.plan import Pace
from benchmarks.wrk import Measured

_BUSY = 0.9
"""Share of a core from which on a process is what limits."""


@dataclass(frozen=True)
class Load:
    """What is asked of one contestant."""

    contestant: Contestant
    tokens: Tokens
    keys: str = "same"


def saturate(loads: Mapping[str, Load], pace: Pace) -> dict[str, list[Measured]]:
    """Each of them warmed up, then measured in alternating rounds."""
    for load in loads.values():
        _measure(load, pace.warm_up_s)
    return alternate({name: partial(_measure, load, pace.duration_s) for name, load in loads.items()}, pace.rounds)


def rates(measured: Sequence[Measured]) -> list[float]:
    """Requests/s of each round."""
    return [one.rate_per_s for one in measured]


def rate_rows(measured: Mapping[str, Sequence[Measured]]) -> tuple[Row, ...]:
    """One line for each contestant, with what its core and wrk's were busy with."""
    return tuple(
        Row(name, Figure.of(rates(all_of)), "requests/s", remark=_busy(all_of)) for name, all_of in measured.items()
    )


def beside(measured: Mapping[str, Sequence[Measured]], ours: str, theirs: str, goal: Goal | None = None) -> Row:
    """The ratio of two of them; the remark has it per CPU second, which a shared machine disturbs less."""
    one, other = measured[ours], measured[theirs]
    by_cpu = ratio(_per_cpu_s(one), _per_cpu_s(other)).median
    return Row(f"{ours} / {theirs}", ratio(rates(one), rates(other)), "x", goal, f"{by_cpu:.3g} per CPU second")


def _per_cpu_s(measured: Sequence[Measured]) -> list[float]:
    return [one.rate_per_s / one.server_cpu_share for one in measured]


def _measure(load: Load, duration_s: int) -> Measured:
    return wrk.measure(load.contestant.url, load.tokens, duration_s, load.contestant.pids, keys=load.keys)


def _busy(measured: Sequence[Measured]) -> str:
    server = median(one.server_cpu_share for one in measured)
    generator = median(one.generator_cpu_share for one in measured)
    per_cpu_s = median(_per_cpu_s(measured))
    remark = f"{per_cpu_s:,.0f} per CPU second; core {server:.0%} busy, wrk's {generator:.0%}"
    if server >= _BUSY:
        return remark
    return remark + (
        ": wrk is the limit" if generator >= _BUSY else ": the machine was shared, or neither is the limit"
    )
