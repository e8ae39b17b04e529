"""`--set path=value`: single fields of a topology, as text. Pure; never looks at a file."""

from collections.abc import Iterable, Mapping
from typing import Any

from scalelab.contracts.toml_text import parse_toml

Document = dict[str, Any]


class OverrideError(ValueError):
    """Raised when a text is no override; the message says why."""


def parse_override(text: str) -> tuple[tuple[str, ...], object]:
    """`a.b=1.5` as (("a", "b"), 1.5). The value is TOML; what is not TOML is a string.

    Raises:
        OverrideError: no `=`, or a path with an empty part.
    """
    path, separator, value = text.partition("=")
    parts = tuple(part.strip() for part in path.split("."))
    if not separator:
        raise OverrideError(f"--set {text}: no '=' in it; write path=value, for example api_gateway.replicas=3")
    if not all(parts):
        raise OverrideError(f"--set {text}: {path.strip()!r} is no path; write for example api_gateway.replicas=3")
    return parts, _toml_value(value.strip())


def apply_overrides(document: Mapping[str, Any], overrides: Iterable[str]) -> tuple[Document, list[str]]:
    """The document with the overrides in it, later ones over earlier ones, and the faults found on the way."""
    changed, faults = _copy(document), []
    for text in overrides:
        try:
            path, value = parse_override(text)
            _put(changed, path, value)
        except OverrideError as error:
            faults.append(str(error))
    return changed, faults


def _put(document: Document, path: tuple[str, ...], value: object) -> None:
    table = document
    for depth, part in enumerate(path[:-1], start=1):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise OverrideError(f"--set {'.'.join(path)}: {'.'.join(path[:depth])} is a value, not a table")
    table[path[-1]] = value


def _toml_value(text: str) -> object:
    try:
        parsed = parse_toml(f"value = {text}")
    except ValueError:
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _copy(document: Mapping[str, Any]) -> Document:
    return {key: _copy(value) if isinstance(value, Mapping) else value for key, value in document.items()}
