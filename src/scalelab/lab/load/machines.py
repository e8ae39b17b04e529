"""What each machine that made the load says of itself: one that could not keep up spoils the whole. Pure."""

from collections.abc import Iterable, Sequence

from scalelab.contracts.model import Contract
from scalelab.lab.load.crew import Generator
from scalelab.lab.load.tally import Tally


class MachineResult(Contract):
    """The generator processes of one machine."""

    name: str
    """`this machine`, or where its load worker listens."""
    processes: int
    losses: tuple[str, ...]
    """Why processes of it ended without a report."""
    sent: int
    cpu_share: float
    """Of one core, of the busiest process."""
    machine_cpu_share: float | None
    lag_p99_s: float | None
    lag_max_s: float | None
    clock_uncertainty_s: float | None
    """It began so much earlier or later than was planned, at most; null for this machine, whose clock says when."""


def machines_of(generators: Sequence[Generator], duration_s: float) -> tuple[MachineResult, ...]:
    """In the order in which their first processes were started."""
    names = dict.fromkeys(generator.machine for generator in generators)
    return tuple(
        _machine(name, [generator for generator in generators if generator.machine == name], duration_s)
        for name in names
    )


def _machine(name: str, generators: Sequence[Generator], duration_s: float) -> MachineResult:
    tally = merged_tally(generators)
    reports = [generator.last for generator in generators if generator.last is not None]
    return MachineResult(
        name=name,
        processes=len(generators),
        losses=tuple(generator.reason() for generator in generators if not generator.is_final),
        sent=tally.counts["sent"],
        cpu_share=max(_cpu_share(generator, duration_s) for generator in generators),
        machine_cpu_share=_highest(report.machine_cpu_share for report in reports),
        lag_p99_s=tally.lag_p99_s,
        lag_max_s=tally.lag_max_s,
        clock_uncertainty_s=_highest(generator.clock_uncertainty_s for generator in generators),
    )


def merged_tally(generators: Iterable[Generator]) -> Tally:
    """Of their newest reports."""
    tally = Tally()
    for generator in generators:
        if generator.last is not None and generator.last.tally is not None:
            tally.add(Tally.from_json(generator.last.tally))
    return tally


def _cpu_share(generator: Generator, duration_s: float) -> float:
    """While it sent: a long drain would hide a generator at its limit."""
    rows = [row for row in generator.rows if row.start_s < duration_s]
    length_s = sum(row.end_s - row.start_s for row in rows)
    return sum(row.cpu_s for row in rows) / length_s if length_s > 0 else 0.0


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
