"""What processes grew to in a long load, as a reader finds it. Pure."""

from collections.abc import Sequence

from scalelab.lab.report import figures as shown
from scalelab.lab.results.run_record import ProcessGrowth, RunRecord

GROWTH_HEAD = (
    "Scenario",
    "Process",
    "Memory at first (MiB)",
    "Memory at last (MiB)",
    "Change",
    "Descriptors at first",
    "Descriptors at last",
)
MEANING = (
    "Medians of the first and the last tenth of the window, of a process and its children: resident memory, in which "
    "what several share counts for each, and open descriptors."
)


def growth_rows(records: Sequence[RunRecord]) -> tuple[tuple[str, ...], ...]:
    """One for each process of each long run."""
    return tuple((shown.run_title(record), *_figures(growth)) for record in records for growth in record.growth)


def growth_sentences(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """What the columns mean."""
    return (MEANING,) if any(record.growth for record in records) else ()


def _figures(growth: ProcessGrowth) -> tuple[str, ...]:
    return (
        growth.instance,
        shown.mebibytes(growth.memory_start_bytes),
        shown.mebibytes(growth.memory_end_bytes),
        shown.change(growth.memory_change_ratio),
        shown.whole(growth.descriptors_start),
        shown.whole(growth.descriptors_end),
    )
