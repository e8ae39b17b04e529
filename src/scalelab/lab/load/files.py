"""Writes what a load measured: JSON, CSV of its seconds, HdrHistogram log, chart. Whole files, or none.

Every column and key names its unit. Totals are those of the table.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.result import LoadResult
from scalelab.lab.load.tally import Tally
from scalelab.lab.results.histogram_log import histogram_tag, replace_file, write_histograms

CSV_COLUMNS = (
    "start_s",
    "end_s",
    "sent",
    "completed",
    "failed",
    "timed_out",
    "in_flight",
    "latency_mean_s",
    "completed_per_s",
    "generator_cpu_s",
)


def write_json(file: Path, result: LoadResult) -> None:
    """The whole result.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(file, result.model_dump_json(indent=2) + "\n")


def write_csv(file: Path, result: LoadResult) -> None:
    """One line for each second; the columns of counts add up to the totals.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(file, seconds_as_csv(result.timeline))


def seconds_as_csv(rows: Sequence[SecondRow]) -> str:
    """The text of the CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        mean_s = f"{row.latency_sum_s / row.completed:.6f}" if row.completed else ""
        length_s = row.end_s - row.start_s
        rate = f"{row.completed / length_s:.3f}" if length_s > 0 else ""
        counts = (row.sent, row.completed, row.failed, row.timed_out, row.in_flight)
        writer.writerow([f"{row.start_s:.3f}", f"{row.end_s:.3f}", *counts, mean_s, rate, f"{row.cpu_s:.4f}"])
    return text.getvalue()


def write_histogram_log(file: Path, tally: Tally, routes: Sequence[str], start_s: float, length_s: float) -> None:
    """Every histogram in HdrHistogram's format.

    Args:
        file: where to.
        tally: what was counted.
        routes: names of the requests.
        start_s: of the load, Unix time.
        length_s: of the load.

    Raises:
        OSError: it cannot be written.
    """
    histograms = {
        histogram_tag(base, routes[route].replace(",", "_"), outcome): histogram.as_hdr()
        for (base, route, outcome), histogram in sorted(tally.histograms.items())
    }
    write_histograms(file, histograms, start_s, length_s)
