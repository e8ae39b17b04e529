"""Runs cases and says what came of them. On a machine that was too busy, a failure is a doubt: it proves nothing."""

import time
from collections.abc import Callable, Iterator, Sequence

from scalelab.lab.load.processes import GeneratorFailedError
from scalelab.lab.load.result import LoadResult
from scalelab.lab.selftest.cases import CASES
from scalelab.lab.selftest.lines import CaseOutcome, doubted

QUICK_SCALE = 0.5
BUSY_MACHINE_SHARE = 0.95
BUSY_LAG_S = 0.025


def run_cases(names: Sequence[str], scale: float, begins: Callable[[str], None]) -> Iterator[CaseOutcome]:
    """Each case, as it ends.

    Args:
        names: of `CASES`.
        scale: of all durations.
        begins: hears which case begins.
    """
    for name in names:
        begins(name)
        yield run_case(name, scale)


def run_case(name: str, scale: float) -> CaseOutcome:
    """One case. What keeps it from being measured is told as a doubt."""
    case, began_s = CASES[name], time.monotonic()
    try:
        measured = case.run(scale)
    except (GeneratorFailedError, OSError, ValueError) as error:
        return CaseOutcome(name, case.proves, time.monotonic() - began_s, (), f"not measured: {error}")
    remark = business(measured.results)
    lines = doubted(measured.lines) if remark else measured.lines
    return CaseOutcome(name, case.proves, time.monotonic() - began_s, lines, remark)


def business(results: Sequence[LoadResult]) -> str:
    """What says that this machine had too much else to do; empty when nothing does."""
    for result in results:
        share, lag_s = result.generator.machine_cpu_share, result.generator.lag_p99_s
        if share is not None and share > BUSY_MACHINE_SHARE:
            return f"the machine was {share:.0%} busy"
        if lag_s is not None and lag_s > BUSY_LAG_S:
            return f"the generator was kept from its work: its schedule lag p99 was {1000 * lag_s:.0f} ms"
    return ""
