"""Doubts about the machines that made a load, one by one: one that could not keep up spoils the whole. Pure.

Merged, the delays of one machine among many would hide below the 99th percentile.
"""

from collections.abc import Iterator, Sequence

from scalelab.lab.load.crew import THIS_MACHINE
from scalelab.lab.load.machines import MachineResult
from scalelab.lab.results.run_record import Caveat, Validity

MOST_CPU_SHARE = 0.9
MOST_LAG_S = 0.025
"""Schedule lag p99 that is always borne."""
MOST_LAG_OF_MEDIAN = 0.2
_NOTED_LAG_S = 0.001
_NOTED_LAG_OF_MEDIAN = 0.1
_NOTED_CLOCK_S = 0.005
Doubt = tuple[Validity | None, Caveat]
"""None: worth a word, but the result stands."""


def limits_of(machines: Sequence[MachineResult], median_s: float | None) -> Iterator[Doubt]:
    """Machines whose generators could not keep up.

    Args:
        machines: all of the load.
        median_s: latency of good answers from the intended start; None: not known.
    """
    for machine in machines:
        if machine.cpu_share > MOST_CPU_SHARE:
            text = f"The generator{_place(machine, machines)} used {machine.cpu_share:.0%} of a core."
            advice = "The figures may be its own: use more --processes, another machine, or a lower rate."
            yield "generator-limited", Caveat(kind="generator-cpu", text=text, advice=advice)
        lag_s = machine.lag_p99_s
        if lag_s is not None and lag_s > max(MOST_LAG_S, MOST_LAG_OF_MEDIAN * (median_s or 0.0)):
            text = (
                f"The generator{_place(machine, machines)} was late: the p99 of its schedule lag is "
                f"{lag_s * 1000:.1f} ms."
            )
            advice = "Latencies from the intended start hold this lag: free the machine, or use more --processes."
            yield "generator-limited", Caveat(kind="generator-lag", text=text, advice=advice)


def losses_of(machines: Sequence[MachineResult]) -> str:
    """Which processes gave no last report, and why."""
    lost = [f"{machine.name}: {reason}" for machine in machines for reason in machine.losses]
    processes = sum(machine.processes for machine in machines)
    return f"{len(lost)} of {processes} generator processes ended without a report ({'; '.join(lost)})."


def worth_a_word(machines: Sequence[MachineResult], median_s: float | None) -> Iterator[Doubt]:
    """What blurs the figures without spoiling them."""
    for machine in machines:
        share, lag_s, clock_s = machine.machine_cpu_share, machine.lag_p99_s or 0.0, machine.clock_uncertainty_s
        if share is not None and share > MOST_CPU_SHARE:
            name = THIS_MACHINE.capitalize() if machine.name == THIS_MACHINE else machine.name
            advice = "Generator and others compete: expect longer tails."
            yield None, Caveat(kind="machine-busy", text=f"{name} was {share:.0%} busy.", advice=advice)
        if median_s is not None and lag_s > max(_NOTED_LAG_S, _NOTED_LAG_OF_MEDIAN * median_s):
            text = (
                f"Schedule lag p99{_place(machine, machines)} is {lag_s * 1000:.1f} ms, beside a median latency of "
                f"{median_s * 1000:.1f} ms."
            )
            advice = "Short latencies are blurred by the generator's own delay."
            yield None, Caveat(kind="lag", text=text, advice=advice)
        if clock_s is not None and clock_s > _NOTED_CLOCK_S:
            text = f"{machine.name} began up to {clock_s * 1000:.0f} ms before or after the others."
            advice = (
                "Its latencies are right, by its own clock; the arrivals of the machines are as much out of step."
            )
            yield None, Caveat(kind="clocks", text=text, advice=advice)


def _place(machine: MachineResult, machines: Sequence[MachineResult]) -> str:
    return "" if len(machines) == 1 else f" on {machine.name}"
