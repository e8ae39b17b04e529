"""Reads a topology from a TOML file, an experiment's `[topology]` table and overrides. All faults in one message.

Starts nothing and asks the machine nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.toml_text import parse_toml
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.overrides import apply_overrides

FileKind = Literal["topology", "experiment"]


def read_topology(
    file: Path | None = None,
    kind: FileKind = "topology",
    overrides: Sequence[str] = (),
    routes: RouteTable | None = None,
) -> Topology:
    """The topology of `file` (or the defaults), with `overrides` over it.

    Args:
        file: a TOML document: the topology itself, or an experiment with a `[topology]` table.
        kind: which of the two.
        overrides: `path=value` each, later ones over earlier ones.
        routes: in place of those of the file; the stack is then without the laboratory's services, unless it is told.

    Raises:
        ConfigurationError: every fault of file and overrides, with the keys' paths.
    """
    source = "topology" if file is None else str(file)
    said = _document(file, kind)
    if routes is not None:
        said = {"laboratory": False, **said, **routes.model_dump(mode="json")}
    document, faults = apply_overrides(said, overrides)
    try:
        topology = Topology.model_validate(document)
    except ValidationError as error:
        faults += validation_faults(error, document, Topology)
        raise ConfigurationError(_message(source, faults)) from error
    if faults:
        raise ConfigurationError(_message(source, faults))
    return topology


def _document(file: Path | None, kind: FileKind) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        document = parse_toml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
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
