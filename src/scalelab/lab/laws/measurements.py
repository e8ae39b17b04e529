"""Reads sizes and rates from a CSV file, one series or several. Every fault is told with its line."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scalelab.lab.analysis.laws.measured_points import FitError

_SIZE_NAMES = ("n", "size", "users", "replicas", "gateways", "processors", "threads", "concurrency")
_RATE_NAMES = ("x", "throughput", "rate", "throughput_per_s", "rate_per_s", "requests/s")
EVERYTHING = ""
"""Name of the only series of a file without a column for it."""


@dataclass(frozen=True)
class Series:
    """One line of measurements; several at one size are replications."""

    name: str
    sizes: tuple[float, ...]
    rates: tuple[float, ...]


def read_measurements(
    file: Path, size_column: str = "", rate_column: str = "", series_column: str = ""
) -> list[Series]:
    """The series of a CSV file, in the order in which they first appear.

    Args:
        file: with a head line.
        size_column: N; found by its usual names when empty.
        rate_column: X; the same.
        series_column: what tells series apart; empty: there is one.

    Raises:
        FitError: the file cannot be read, lacks a column, or a cell is no number.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(enumerate(reader, 2))
            head = list(reader.fieldnames or ())
    except OSError as error:
        raise FitError(f"cannot read {file}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FitError(f"{file} is no CSV file: {error}") from error
    size = _column(head, size_column, _SIZE_NAMES, "--n", file)
    rate = _column(head, rate_column, _RATE_NAMES, "--x", file)
    name = _column(head, series_column, (), "--series", file) if series_column else ""
    return _series(rows, size, rate, name, file)


def _column(head: list[str], wanted: str, usual: Iterable[str], flag: str, file: Path) -> str:
    found = [column for column in head if column == wanted] if wanted else _usual(head, usual)
    if len(found) != 1:
        there = ", ".join(head) or "none"
        what = f"no column {wanted!r}" if wanted else "several candidates" if found else "no column of a usual name"
        raise FitError(f"{file}: {what} for {flag}; there are: {there}")
    return found[0]


def _usual(head: list[str], usual: Iterable[str]) -> list[str]:
    names = {name.lower() for name in usual}
    return [column for column in head if column.strip().lower() in names]


def _series(
    rows: Iterable[tuple[int, Mapping[str, str | None]]], size: str, rate: str, name: str, file: Path
) -> list[Series]:
    points: dict[str, list[tuple[float, float]]] = {}
    for line, row in rows:
        pair = tuple(_number(row.get(column), column, line, file) for column in (size, rate))
        points.setdefault((row.get(name) or "") if name else EVERYTHING, []).append((pair[0], pair[1]))
    if not points:
        raise FitError(f"{file} has a head and no measurements")
    return [Series(series, *map(tuple, zip(*pairs, strict=True))) for series, pairs in points.items()]


def _number(text: str | None, column: str, line: int, file: Path) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise FitError(f"{file}, line {line}: {column} is {text!r}, which is no number") from None
