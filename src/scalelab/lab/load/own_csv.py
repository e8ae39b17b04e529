"""The CSV files of a load under Locust's names and columns, so that what reads those reads ours."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from scalelab.lab.load.csv_columns import EXCEPTIONS, FAILURES, HISTORY, PER_TEN_THOUSAND, STATS
from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.own_recording import TIME_BASE, timeline_row
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.processes import LoadOutcome
from scalelab.lab.results.histogram_log import replace_file

_AGGREGATED = "Aggregated"
_MS = 1000
Cells = Sequence[object]


def write_locust_csv(prefix: Path, plan: LoadPlan, outcome: LoadOutcome) -> None:
    """`<prefix>_stats.csv`, `_stats_history.csv`, `_failures.csv` and `_exceptions.csv`.

    Times are milliseconds from the intended start, of requests meant to start in the window; counts and rates are of
    the answers that arrived in it.

    Raises:
        OSError: they cannot be written.
    """
    tables: dict[str, tuple[Iterable[str], Iterable[Cells]]] = {
        "stats": (STATS, _stats(plan, outcome)),
        "stats_history": (HISTORY, _history(plan, outcome)),
        "failures": (FAILURES, _failures(outcome)),
        "exceptions": (EXCEPTIONS, ()),
    }
    for name, (head, rows) in tables.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        replace_file(prefix.with_name(f"{prefix.name}_{name}.csv"), text.getvalue())


def _stats(plan: LoadPlan, outcome: LoadOutcome) -> Iterable[Cells]:
    tally = outcome.tally
    for number, template in enumerate(plan.requests):
        good = tally.latencies(TIME_BASE, "completed", number)
        completed = tally.arrived[number, "completed"]
        failed = tally.arrived[number, "failed"] + tally.arrived[number, "timed_out"]
        yield _line(template.method, template.route, completed, failed, good, outcome.window_s)
    everything = tally.latencies(TIME_BASE, "completed")
    completed = sum(count for (_, kind), count in tally.arrived.items() if kind == "completed")
    failed = tally.arrived.total() - completed
    yield _line("", _AGGREGATED, completed, failed, everything, outcome.window_s)


def _line(
    method: str, name: str, completed: int, failed: int, latencies: LatencyHistogram, window_s: float
) -> list[object]:
    percentiles = [_ms(_at(latencies, rank)) for rank in PER_TEN_THOUSAND.values()]
    has_any = latencies.count > 0
    rates = [(completed + failed) / window_s, failed / window_s] if window_s > 0 else [0.0, 0.0]
    times = (
        _at(latencies, 5000),
        latencies.mean_s,
        latencies.min_s if has_any else None,
        latencies.max_s if has_any else None,
    )
    return [method, name, completed + failed, failed, *map(_ms, times), "", *rates, *percentiles]


def _at(latencies: LatencyHistogram, per_ten_thousand: int) -> float | None:
    if not latencies.count:
        return None
    return latencies.at_rank(max(1, -(-latencies.count * per_ten_thousand // 10_000)))


def _ms(value_s: float | None) -> object:
    return "N/A" if value_s is None else round(value_s * _MS, 3)


def _history(plan: LoadPlan, outcome: LoadOutcome) -> Iterable[Cells]:
    requests = failures = 0
    for row in outcome.rows:
        failed = row.failed + row.timed_out
        requests, failures = requests + row.completed + failed, failures + failed
        length_s = max(row.end_s - row.start_s, 1e-9)
        yield (
            round(outcome.started_at_unix_s + row.end_s),
            timeline_row(plan, row).users,
            "",
            _AGGREGATED,
            f"{(row.completed + failed) / length_s:.6f}",
            f"{failed / length_s:.6f}",
            requests,
            failures,
        )


def _failures(outcome: LoadOutcome) -> Iterable[Cells]:
    return [("", _AGGREGATED, kind, number) for kind, number in outcome.tally.failure_kinds.most_common()]
