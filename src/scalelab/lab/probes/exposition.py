"""Reads chosen metrics out of a Prometheus exposition. Pure; anything else in the text is passed over."""

import re
from collections.abc import Iterable, Mapping

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{.*\})?\s+(\S+)")


def metric_sums(exposition: str, names: Iterable[str]) -> dict[str, float]:
    """Sum over all labels of each metric that is there. A name that is not there is left out, never 0."""
    wanted = frozenset(names)
    sums: dict[str, float] = {}
    for line in exposition.splitlines():
        if line.partition("{")[0].partition(" ")[0] not in wanted:
            continue
        match = _SAMPLE.match(line)
        value = _number(match.group(2)) if match is not None else None
        if match is not None and value is not None:
            sums[match.group(1)] = sums.get(match.group(1), 0.0) + value
    return sums


def busy_metrics(exposition: str, names: Iterable[str]) -> Mapping[str, float]:
    """Those of the gauges that are above 0."""
    return {name: value for name, value in metric_sums(exposition, names).items() if value > 0}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
