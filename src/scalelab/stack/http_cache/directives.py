"""Directives of Cache-Control and its relatives: a list in which commas inside quoted strings do not separate."""

import re
from collections.abc import Iterable

MAX_DELTA_S = 2**31
"""RFC 9111 section 1.2.2: a larger delta counts as this."""

_MEMBER = re.compile(r'\s*+([^\s=,;"]++)\s*+(?:=\s*+("(?:[^"\\]|\\.)*+"|[^,;]*+))?((?:\s*+;[^,]*+)?)\s*+(?:,|$)')
"""Gives no character back once it is taken, so that a field of any length is read in one go."""
_DELTA = re.compile(r"0*([0-9]+)")
_MAX_DIGITS = 10
"""Of a delta below `MAX_DELTA_S`."""


class Directives:
    """Parsed directives. Of a directive that stands twice, the shorter time or the first value counts."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str | None]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return f"Directives({self._values!r})"

    def delta_s(self, name: str) -> int | None:
        """Its value in seconds; None when the directive is absent; 0 (stale) when the value is not a number."""
        if name not in self._values:
            return None
        value = (self._values[name] or "").strip()
        if value.startswith('"') and value.endswith('"'):
            value = value[1:-1]
        return _delta_s(value) or 0

    def has_value(self, name: str) -> bool:
        """Whether it stands with a value."""
        return self._values.get(name) is not None


def parse_directives(lines: Iterable[str], *, target: str | None = None) -> Directives:
    """Read directives.

    Args:
        lines: the field's lines.
        target: read them as Surrogate-Control does: a member with `;name` counts only when it names `target`.
    """
    values: dict[str, str | None] = {}
    for line in lines:
        for name, value, parameters in _members(line):
            if target is None and parameters:
                value = f"{value};"  # noqa: PLW2901  no number: Cache-Control knows no parameters
            elif parameters and target not in parameters:
                continue
            known = values.get(name)
            if name not in values or (known is not None and value is not None and _is_shorter(value, known)):
                values[name] = value
    return Directives(values)


def _members(line: str) -> Iterable[tuple[str, str | None, frozenset[str]]]:
    position = 0
    while position < len(line):
        match = _MEMBER.match(line, position)
        if match is None:  # skip what is malformed up to the next comma
            position = line.find(",", position) + 1
            if position == 0:
                return
            continue
        name, value, parameters = match.groups()
        targets = frozenset(part.strip().lower() for part in parameters.split(";") if part.strip())
        yield name.lower(), value, targets
        position = match.end()


def _is_shorter(value: str, known: str) -> bool:
    value_s, known_s = _delta_s(value.strip()), _delta_s(known.strip())
    return value_s is not None and known_s is not None and value_s < known_s


def _delta_s(text: str) -> int | None:
    """None for what is no number."""
    match = _DELTA.fullmatch(text)
    if match is None:
        return None
    return min(int(match[1]), MAX_DELTA_S) if len(match[1]) <= _MAX_DIGITS else MAX_DELTA_S
