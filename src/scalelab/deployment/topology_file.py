"""Reads a topology from a TOML file, an experiment's `[topology]` table and overrides. All faults in one message.

Starts nothing and asks the machine nothing.
"""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.overrides import apply_overrides

FileKind = Literal["topology", "experiment"]


def read_topology(file: Path | None = None, kind: FileKind = "topology", overrides: Sequence[str] = ()) -> Topology:
    """The topology of `file` (or the defaults), with `overrides` over it.

    Args:
        file: a TOML document: the topology itself, or an experiment with a `[topology]` table.
        kind: which of the two.
        overrides: `path=value` each, later ones over earlier ones.

    Raises:
        ConfigurationError: every fault of file and overrides, with the keys' paths.
    """
    source = "topology" if file is None else str(file)
    document, faults = apply_overrides(_document(file, kind), overrides)
    try:
        topology = Topology.model_validate(document)
    except ValidationError as error:
        faults += validation_faults(error, document)
        raise ConfigurationError(_message(source, faults)) from error
    if faults:
        raise ConfigurationError(_message(source, faults))
    return topology


def validation_faults(error: ValidationError, document: Mapping[str, Any]) -> list[str]:
    """One line for each fault: key path, value, what is wrong."""
    return [_fault(details["type"], details["loc"], details["msg"], document) for details in error.errors()]


def _fault(kind: str, location: tuple[int | str, ...], message: str, document: Mapping[str, Any]) -> str:
    path = ".".join(map(str, location))
    if kind == "extra_forbidden":
        return f"{path}: there is no such key{_suggestion(location)}"
    if not path:
        return message.removeprefix("Value error, ")
    return f"{path} = {_value_at(document, location)!r}: {message}"


def _suggestion(location: tuple[int | str, ...]) -> str:
    table: Any = Topology
    for part in location[:-1]:
        field = table.model_fields.get(str(part))
        table = field.annotation if field is not None else None
        if not (isinstance(table, type) and issubclass(table, BaseModel)):
            return ""
    close = get_close_matches(str(location[-1]), table.model_fields, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _value_at(document: object, location: tuple[int | str, ...]) -> object:
    for part in location:
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document


def _document(file: Path | None, kind: FileKind) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from error
    if kind == "topology":
        return document
    table = document.get("topology", {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file}: topology = {table!r} is not a table")
    return table


def _message(source: str, faults: list[str]) -> str:
    if len(faults) == 1:
        return f"{source} is not valid, nothing was started: {faults[0]}"
    return "\n  ".join([f"{source} is not valid, nothing was started; {len(faults)} faults:", *faults])
