"""Every number that a report shows, as text. The only module that rounds: all formats show the same digits."""

from collections.abc import Sequence

from scalelab.lab.results.run_record import RunRecord

ABSENT = "-"
MS_PER_S = 1000
BYTES_PER_MIB = 2**20
_WHOLE_FROM_MS = 100
_TENTHS_FROM_MS = 10
_TENTHS_FROM_S = 10


def run_title(record: RunRecord) -> str:
    """The scenario, and which run of it unless it is the first."""
    return record.title if record.repetition == 1 else f"{record.title} (run {record.repetition})"


def milliseconds(value_s: float | None) -> str:
    """Three or more digits: `26,992`, `52.3`, `2.48`."""
    if value_s is None:
        return ABSENT
    value_ms = value_s * MS_PER_S
    digits = 0 if value_ms >= _WHOLE_FROM_MS else 1 if value_ms >= _TENTHS_FROM_MS else 2
    return f"{value_ms:,.{digits}f}"


def rate(per_s: float | None) -> str:
    """Requests a second: `1,204.7`."""
    return ABSENT if per_s is None else f"{per_s:,.1f}"


def whole(value: float | None) -> str:
    """A count: `3,511`."""
    return ABSENT if value is None else f"{value:,.0f}"


def share(ratio: float | None) -> str:
    """Percent with one decimal, never rounded up to a full 100%: `99.9%`."""
    if ratio is None:
        return ABSENT
    shown = f"{ratio:.1%}"
    if shown == "100.0%" and ratio < 1:
        shown = "99.9%"
    if shown == "0.0%" and ratio > 0:
        shown = "<0.1%"
    return shown


def change(ratio: float) -> str:
    """Signed percent: `+1.4%`."""
    return f"{ratio:+.1%}"


def mebibytes(value_bytes: float) -> str:
    """Memory: `104.3`."""
    return f"{value_bytes / BYTES_PER_MIB:,.1f}"


def times(factor: float | None) -> str:
    """A ratio: `2.99`."""
    return ABSENT if factor is None else f"{factor:.2f}"


def moment(value_s: float | None) -> str:
    """A time that a fault took: `0.31 s`, `12.4 s`."""
    if value_s is None:
        return ABSENT
    return f"{value_s:.2f} s" if value_s < _TENTHS_FROM_S else f"{value_s:.1f} s"


def seconds(value_s: float | None) -> str:
    """A duration: `48 s`, `0.5 s`."""
    return ABSENT if value_s is None else f"{value_s:.4g} s"


def with_error(text: str, half_width: str | None) -> str:
    """`64.0 ± 0.4`; without an error bar the text alone."""
    return text if half_width is None else f"{text} ± {half_width}"


def with_ends(text: str, ends: tuple[str, str] | None) -> str:
    """`204 (198 to 231)`; without an interval the text alone."""
    return text if ends is None else f"{text} ({ends[0]} to {ends[1]})"


def load_of(record: RunRecord) -> str:
    """Who asked: `1,000 users, mean think time 1.5 s`, or `open load, 200.0 requests/s`."""
    if record.rate_per_s is not None:
        return f"open load, {rate(record.rate_per_s)} requests/s"
    return f"{whole(record.users)} users, mean think time {seconds(record.think_time_mean_s)}"


def validity(values: Sequence[str]) -> str:
    """`valid`, or everything that is wrong."""
    return ", ".join(values) or ABSENT
