"""The table behind a timeline: what is drawn of each second, or of equal steps where there are very many. Pure."""

from collections.abc import Iterator, Sequence

from scalelab.lab.report import figures as shown
from scalelab.lab.report.table import Table
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import RunRecord

MOST_ROWS = 120
HEAD = ("Second", "Phase", "Completed/s", "Failed or timed out/s", "Mean response (ms)", "Users", "In flight")


def timeline_table(record: RunRecord, timeline: Sequence[TimelineRow]) -> Table:
    """A row for each second; beyond `MOST_ROWS` each is for several, with their mean rates and their last counts."""
    step = -(-len(timeline) // MOST_ROWS)
    spans = (timeline[start : start + step] for start in range(0, len(timeline), step))
    return Table(HEAD, tuple(tuple(_cells(record, span)) for span in spans))


def _cells(record: RunRecord, span: Sequence[TimelineRow]) -> Iterator[str]:
    first, last = span[0], span[-1]
    completed = sum(row.completed for row in span)
    failed = sum(row.failed + row.timed_out for row in span)
    latency_s = sum(row.latency_sum_s for row in span)
    yield str(first.second) if first is last else f"{first.second} to {last.second}"
    yield _phase(record, first.second, last.second + 1)
    yield _per_s(completed, len(span))
    yield _per_s(failed, len(span))
    yield shown.milliseconds(latency_s / completed if completed else None)
    yield shown.whole(last.users)
    yield shown.whole(last.in_flight)


def _per_s(count: int, seconds: int) -> str:
    """A count of one second is whole."""
    return shown.whole(count) if seconds == 1 else shown.rate(count / seconds)


def _phase(record: RunRecord, start_s: float, end_s: float) -> str:
    """Where its middle lies, and every fault that was in effect meanwhile."""
    middle_s, window = (start_s + end_s) / 2, record.window
    phase = "ramp" if middle_s < window.start_s else "window" if middle_s < window.end_s else "drain"
    faults = [one.what for one in record.faults if one.began_s < end_s and one.ended_s > start_s]
    return ", ".join([phase, *faults])
