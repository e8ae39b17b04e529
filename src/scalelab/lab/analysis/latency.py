"""A latency summary from exact sums and a histogram. Pure.

Never estimates what too few samples support, and never drops a value in silence: with values out of the
histogram's range there are no percentiles.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import US_PER_S
from scalelab.lab.results.run_record import LatencySummary

SAMPLES_BEYOND = 10
"""A percentile is given only if at least so many samples are expected beyond it: p99 from 1000 samples on."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class LatencyTotals:
    """Exact figures that are kept beside a histogram, in seconds."""

    count: int
    sum_s: float
    min_s: float | None
    max_s: float | None
    out_of_range: int = 0
    """Of the count: not in the histogram."""


def add_totals(parts: Iterable[LatencyTotals]) -> LatencyTotals:
    """The totals of all parts together."""
    known = [part for part in parts if part.count > 0]
    return LatencyTotals(
        count=sum(part.count for part in known),
        sum_s=sum(part.sum_s for part in known),
        min_s=min((part.min_s for part in known if part.min_s is not None), default=None),
        max_s=max((part.max_s for part in known if part.max_s is not None), default=None),
        out_of_range=sum(part.out_of_range for part in known),
    )


def merge_histograms(parts: Iterable[HdrHistogram]) -> HdrHistogram:
    """One histogram of all samples: percentiles are read from the merged one, never averaged."""
    merged = HdrHistogram()
    for part in parts:
        merged.add(part)
    return merged


def good_answers(histograms: Mapping[str, HdrHistogram]) -> HdrHistogram | None:
    """Good answers of all routes of one run, by their actual start; None when there is no such histogram."""
    parts = [found for tag, found in histograms.items() if tag.startswith("actual:") and tag.endswith(":completed")]
    return merge_histograms(parts) if parts else None


def summarize_latency(totals: LatencyTotals, histogram: HdrHistogram | None) -> LatencySummary:
    """Count, exact mean and maximum, and those percentiles that the samples support.

    Args:
        totals: exact figures.
        histogram: the same samples in whole microseconds; None when it was lost.
    """
    has_samples = totals.count > 0
    p50_s, p90_s, p95_s, p99_s, p99_9_s = (
        percentile_s(totals, histogram, percent) if histogram is not None else None
        for percent in (50.0, 90.0, 95.0, 99.0, 99.9)
    )
    return LatencySummary(
        count=totals.count,
        mean_s=totals.sum_s / totals.count if has_samples else None,
        p50_s=p50_s,
        p90_s=p90_s,
        p95_s=p95_s,
        p99_s=p99_s,
        p99_9_s=p99_9_s,
        max_s=totals.max_s if has_samples else None,
    )


def summarize_histogram(histogram: HdrHistogram, out_of_range: int = 0) -> LatencySummary:
    """The summary of a histogram alone: mean and maximum are then as exact as its three digits."""
    count = histogram.count
    mean_s = histogram.mean_us / US_PER_S
    totals = LatencyTotals(
        count=count + out_of_range,
        sum_s=mean_s * count,
        min_s=histogram.min_us / US_PER_S if count else None,
        max_s=histogram.max_us / US_PER_S if count else None,
        out_of_range=out_of_range,
    )
    summary = summarize_latency(totals, histogram)
    return summary if out_of_range == 0 else summary.model_copy(update={"mean_s": None, "max_s": None})


def is_estimable(count: int, percent: float) -> bool:
    """Whether `count` samples support this percentile: count * (1 - p) >= 10."""
    return count * (1 - percent / 100) >= SAMPLES_BEYOND - _ROUNDING


def percentile_s(totals: LatencyTotals, histogram: HdrHistogram, percent: float) -> float | None:
    """One percentile within the exact minimum and maximum; None when it is not estimable.

    A histogram that does not hold every sample of the totals gives none.
    """
    is_whole = totals.out_of_range == 0 and histogram.count == totals.count
    if not is_whole or not is_estimable(totals.count, percent):
        return None
    value_s = histogram.percentile_us(percent) / US_PER_S
    lowest_s = totals.min_s if totals.min_s is not None else value_s
    highest_s = totals.max_s if totals.max_s is not None else value_s
    return min(max(value_s, lowest_s), highest_s)
