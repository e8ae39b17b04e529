"""Latency histograms and their file: HdrHistogram's log format 1.2, one tagged line for each histogram.

Values are whole microseconds, three digits. Never drops a value in silence: `record` says whether it fitted.
"""

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from scalelab.lab.results.hdr_histogram import LOWEST_US, HdrHistogram

US_PER_S = 1_000_000
_LINE = re.compile(r"^Tag=([^,]+),([\d.]+),([\d.]+),([\d.]+),(\S+)$")


def record(histogram: HdrHistogram, latency_s: float) -> bool:
    """Enter one latency in seconds; False when it is out of range and was not entered."""
    return histogram.record(max(LOWEST_US, round(latency_s * US_PER_S)))


def histogram_tag(time_base: str, route: str, outcome: str) -> str:
    """The tag of a line, for example `actual:/data:completed`. `time_base` is `actual` or `intended`."""
    return f"{time_base}:{route}:{outcome}"


def write_histograms(file: Path, histograms: Mapping[str, HdrHistogram], start_s: float, length_s: float) -> None:
    """Write the file as a whole: there is the old one or the new one, never a torn one."""
    lines = ["#[Histogram log format version 1.2]", "#[values in microseconds]"]
    lines.append('"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"')
    for tag, histogram in histograms.items():
        payload = histogram.encode()
        max_s = histogram.max_us / US_PER_S
        lines.append(f"Tag={tag},{start_s:.3f},{length_s:.3f},{max_s:.6f},{payload}")
    replace_file(file, "\n".join(lines) + "\n")


def read_histograms(file: Path) -> dict[str, HdrHistogram]:
    """Histograms by tag; lines of one tag are merged. Lines that are none are passed over.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no ASCII, or a histogram in it is torn.
    """
    histograms: defaultdict[str, HdrHistogram] = defaultdict(HdrHistogram)
    for line in file.read_text(encoding="ascii").splitlines():
        match = _LINE.match(line)
        if match is not None:
            histograms[match.group(1)].decode_and_add(match.group(5))
    return dict(histograms)


def replace_file(file: Path, text: str) -> None:
    """Write a text file as a whole, or not at all."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)
