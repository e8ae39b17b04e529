"""Reads chosen metrics out of a Prometheus exposition. Pure; anything else in the text is passed over."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{.*\})?\s+(\S+)")
_LABELLED = re.compile(r"^([A-Za-z_:][\w:]*)\{(.*)\}\s+(\S+)")
_ANY_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


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


def metric_sum(exposition: str, name: str, where: Callable[[Mapping[str, str]], bool]) -> float:
    """Sum of a metric over the label sets that `where` wants; 0 when there are none."""
    total = 0.0
    for line in exposition.splitlines():
        match = _LABELLED.match(line) if line.startswith(name) else None
        if match is not None and match[1] == name and where(dict(_LABEL.findall(match[2]))):
            total += _number(match[3]) or 0.0
    return total


def labelled_samples(exposition: str, names: Iterable[str]) -> Iterator[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample of these metrics, in the exposition's order."""
    wanted = frozenset(names)
    for line in exposition.splitlines():
        if line.partition("{")[0].partition(" ")[0] not in wanted:
            continue
        match = _ANY_SAMPLE.match(line)
        value = _number(match[3]) if match is not None else None
        if match is not None and value is not None:
            yield match[1], dict(_LABEL.findall(match[2] or "")), value


def busy_metrics(exposition: str, names: Iterable[str]) -> Mapping[str, float]:
    """Those of the gauges that are above 0."""
    return {name: value for name, value in metric_sums(exposition, names).items() if value > 0}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
