"""CPU of each process over the measured window: who worked, and how much the load itself took. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from scalelab.lab.probes.rows import MACHINE, ProbeRow
from scalelab.lab.report.chart_style import ORANGE, NamedChart
from scalelab.lab.report.instance_bars import Bar, Wording, instance_bars
from scalelab.lab.results.reading import StoredRepetition

MOST_BARS = 60
WORDING = Wording(
    "cpu", "CPU by process", "Cores in use on average over the measured window, children included.", "Cores", ".2f"
)


def cpu_chart(repetitions: Sequence[StoredRepetition]) -> NamedChart | None:
    """In the first run of each scenario; None without probes, or with far too many processes."""
    first = [stored for stored in repetitions if stored.record.repetition == 1]
    groups = {stored.record.title: _bars(stored) for stored in first}
    return instance_bars(groups, WORDING, ORANGE, MOST_BARS)


def _bars(stored: StoredRepetition) -> list[Bar]:
    return [Bar(instance, cores, f"{cores:.2f}") for instance, cores in cores_by_instance(stored).items()]


def cores_by_instance(stored: StoredRepetition) -> dict[str, float]:
    """Mean number of cores that each process used within the window; left out: what was not seen twice."""
    recording, window = stored.measured.recording, stored.record.window
    if recording is None:
        return {}
    start_s, end_s = (recording.started_at_unix_s + moment_s for moment_s in (window.start_s, window.end_s))
    seen: dict[str, list[ProbeRow]] = {}
    for row in _within(stored.measured.probes, start_s, end_s):
        seen.setdefault(row.instance, []).append(row)
    used = {instance: _cores(rows) for instance, rows in seen.items()}
    return {instance: cores for instance, cores in sorted(used.items()) if cores is not None}


def _within(probes: Iterable[ProbeRow], start_s: float, end_s: float) -> Iterator[ProbeRow]:
    return (
        row for row in probes if row.instance != MACHINE and row.cpu_s is not None and start_s <= row.unix_s <= end_s
    )


def _cores(rows: Sequence[ProbeRow]) -> float | None:
    first, last = rows[0], rows[-1]
    if last.unix_s <= first.unix_s or first.cpu_s is None or last.cpu_s is None or last.cpu_s < first.cpu_s:
        return None  # seen once, or started again meanwhile
    return (last.cpu_s - first.cpu_s) / (last.unix_s - first.unix_s)
