"""A latency histogram in bounded memory: counts as HdrHistogram lays them out, and the exact count, sum, min and max.

Never drops a value: one beyond an hour is counted as out of range and still moves count, sum and max.
"""

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np

from scalelab.lab.results.hdr_histogram import BUCKETS, HdrHistogram, bucket_of, highest_us_of
from scalelab.lab.results.histogram_log import US_PER_S


class LatencyHistogram:
    """Latencies in seconds; `sum_s`, `min_s` and `max_s` are exact, percentiles to 0.1 %."""

    __slots__ = ("_counts", "count", "max_s", "min_s", "out_of_range", "sum_s")

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * BUCKETS))
        self.count = 0
        self.sum_s = 0.0
        self.min_s = float("inf")
        self.max_s = 0.0
        self.out_of_range = 0
        """Of `count`: longer than an hour. They rank above everything else."""

    def __repr__(self) -> str:
        if not self.count:
            return "no latencies"
        return f"{self.count} latencies, {self.min_s:.6f} to {self.max_s:.6f} s, mean {self.mean_s:.6f} s"

    def enter(self, latency_s: float) -> None:
        """One more. The body of `bucket_of` stands here again, because this is the hottest line of the generator."""
        self.count += 1
        self.sum_s += latency_s
        if latency_s < self.min_s:  # noqa: PLR1730  a call to min costs three times as much
            self.min_s = latency_s
        if latency_s > self.max_s:  # noqa: PLR1730  as above
            self.max_s = latency_s
        value_us = int(latency_s * 1e6 + 0.5)
        shift = value_us.bit_length() - 11
        try:
            self._counts[(shift << 10) + (value_us >> shift) if shift > 0 else value_us] += 1
        except IndexError:
            self.out_of_range += 1

    @property
    def mean_s(self) -> float | None:
        """Exact; None when there is nothing."""
        return self.sum_s / self.count if self.count else None

    def at_rank(self, rank: int) -> float:
        """The latency of that rank in order of size (1 = the shortest), within 0.1 %, never beyond min and max."""
        if rank <= 1:
            return self.min_s
        if rank >= self.count:
            return self.max_s
        cumulative = np.cumsum(np.frombuffer(self._counts, dtype=np.uint64))
        bucket = int(np.searchsorted(cumulative, rank))
        if bucket >= BUCKETS:
            return self.max_s
        return min(max(highest_us_of(bucket) / US_PER_S, self.min_s), self.max_s)

    def add(self, other: "LatencyHistogram") -> None:
        """Merge another one into this one."""
        self.count += other.count
        self.sum_s += other.sum_s
        self.min_s = min(self.min_s, other.min_s)
        self.max_s = max(self.max_s, other.max_s)
        self.out_of_range += other.out_of_range
        mine = np.frombuffer(self._counts, dtype=np.uint64)
        mine += np.frombuffer(other._counts, dtype=np.uint64)  # noqa: SLF001  its own kind

    def count_above(self, limit_s: float) -> int:
        """How many latencies are longer than `limit_s`, to 0.1 %."""
        last = min(bucket_of(int(limit_s * US_PER_S)), BUCKETS - 1)
        return self.count - int(np.frombuffer(self._counts, dtype=np.uint64)[: last + 1].sum())

    def as_json(self) -> dict[str, Any]:
        """Only what is not zero; `from_json` reads it."""
        counts = np.frombuffer(self._counts, dtype=np.uint64)
        buckets = np.nonzero(counts)[0]
        return {
            "count": self.count,
            "sum_s": self.sum_s,
            "min_s": self.min_s if self.count else None,
            "max_s": self.max_s,
            "out_of_range": self.out_of_range,
            "buckets": buckets.tolist(),
            "counts": counts[buckets].tolist(),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "LatencyHistogram":
        """What `as_json` gave."""
        histogram = cls()
        histogram.count = document["count"]
        histogram.sum_s = document["sum_s"]
        histogram.min_s = float("inf") if document["min_s"] is None else document["min_s"]
        histogram.max_s = document["max_s"]
        histogram.out_of_range = document["out_of_range"]
        for bucket, count in zip(document["buckets"], document["counts"], strict=True):
            histogram._counts[bucket] = count
        return histogram

    def as_hdr(self) -> HdrHistogram:
        """The same counts for the log file; what is out of range stands in its last step."""
        hdr = HdrHistogram()
        counts = hdr.counts
        counts += np.frombuffer(self._counts, dtype=np.uint64)
        counts[-1] += self.out_of_range
        hdr.count = self.count
        return hdr


def merged(histograms: Iterable[LatencyHistogram]) -> LatencyHistogram:
    """All of them as one."""
    total = LatencyHistogram()
    for histogram in histograms:
        total.add(histogram)
    return total
