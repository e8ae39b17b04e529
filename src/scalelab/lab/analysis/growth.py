"""Whether a process keeps growing while the load stays the same: its memory and descriptors, early and late. Pure."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.validity_rules import Finding, finding_of
from scalelab.lab.probes.rows import MACHINE, ProbeRow
from scalelab.lab.results.run_record import ProcessGrowth, Window

LONG_LOAD_S = 600.0
"""Of the window. In less, caches and pools that fill look like a leak."""
END_SHARE = 0.1
LEAST_ROWS = 10
"""In each of the two ends."""
MEMORY_LIMIT_RATIO = 0.05
DESCRIPTORS_LIMIT = 5
"""Connections come and go by themselves."""


def process_growth(probes: Sequence[ProbeRow], window: Window, started_at_unix_s: float) -> tuple[ProcessGrowth, ...]:
    """Of every process that told at both ends.

    Args:
        probes: of all processes; may begin before the window and end after it.
        window: seconds from the start of the load.
        started_at_unix_s: that start.

    Returns:
        Nothing for a window shorter than `LONG_LOAD_S`.
    """
    length_s = window.end_s - window.start_s
    if length_s < LONG_LOAD_S:
        return ()
    first_s, last_s = started_at_unix_s + window.start_s, started_at_unix_s + window.end_s
    end_s = END_SHARE * length_s
    early, late = _between(probes, first_s, first_s + end_s), _between(probes, last_s - end_s, last_s)
    instances = dict.fromkeys(row.instance for row in probes if row.instance != MACHINE)
    found = (_growth(instance, early, late) for instance in instances)
    return tuple(growth for growth in found if growth is not None)


def growing(evidence: Evidence) -> Finding | None:
    """A process that ended with more memory or descriptors than it began with may not last."""
    told = [words for growth in evidence.growth for words in _words(growth)]
    if not told:
        return None
    return finding_of(
        None,
        f"Under the same load all the time {'; '.join(told)}: medians of the first and the last tenth of the window.",
        "Run it for twice as long: a leak goes on, a cache that fills comes to its bound.",
        kind="growing",
    )


def _words(growth: ProcessGrowth) -> list[str]:
    words = []
    if growth.memory_change_ratio > MEMORY_LIMIT_RATIO:
        words.append(f"the memory of {growth.instance} grew by {growth.memory_change_ratio:.1%}")
    if growth.descriptors_more > DESCRIPTORS_LIMIT:
        words.append(f"{growth.instance} ended with {growth.descriptors_more:.0f} more descriptors")
    return words


def _growth(instance: str, early: Sequence[ProbeRow], late: Sequence[ProbeRow]) -> ProcessGrowth | None:
    memory_start = _median(instance, "rss_bytes", early)
    memory_end = _median(instance, "rss_bytes", late)
    if not memory_start or memory_end is None:
        return None
    return ProcessGrowth(
        instance=instance,
        memory_start_bytes=memory_start,
        memory_end_bytes=memory_end,
        descriptors_start=_median(instance, "descriptors", early),
        descriptors_end=_median(instance, "descriptors", late),
    )


def _median(instance: str, field: Literal["rss_bytes", "descriptors"], rows: Sequence[ProbeRow]) -> float | None:
    told = [value for row in rows if row.instance == instance and (value := getattr(row, field)) is not None]
    return float(median(told)) if len(told) >= LEAST_ROWS else None


def _between(probes: Sequence[ProbeRow], start_s: float, end_s: float) -> list[ProbeRow]:
    return [row for row in probes if start_s <= row.unix_s <= end_s]
