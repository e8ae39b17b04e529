"""Reads routes from a TOML file. All faults in one message, each with its line, key and value. Starts nothing."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.routes import RouteTable
from scalelab.contracts.toml_text import parse_toml
from scalelab.deployment.errors import ConfigurationError

_IN_ROUTE = re.compile(r"routes\.(\d+)(?:\.(\w+))?")
_IN_UPSTREAM = re.compile(r"upstreams\.([^.\s]+)(?:\.(\w+))?")


def read_routes(file: Path) -> RouteTable:
    """The routes of `file`, with the certificates of each `ca_file` in them.

    Raises:
        ConfigurationError: it, or a file that it names, cannot be read; or every fault in it.
    """
    table = parse_routes(routes_text(file))
    if isinstance(table, RouteTable):
        return _with_certificates(table, file)
    if len(table) == 1:
        raise ConfigurationError(f"{file} is not valid: {table[0]}")
    raise ConfigurationError("\n  ".join([f"{file} is not valid; {len(table)} faults:", *table]))


def _with_certificates(table: RouteTable, file: Path) -> RouteTable:
    """As text, so that they reach gateways that see no file of this machine."""
    upstreams = {
        name: upstream.model_copy(update={"ca_file": "", "ca_pem": routes_text(file.parent / upstream.ca_file)})
        if upstream.ca_file
        else upstream
        for name, upstream in table.upstreams.items()
    }
    return table.model_copy(update={"upstreams": upstreams})


def routes_text(file: Path) -> str:
    """The file's text.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8: {error}") from error


def parse_routes(text: str) -> RouteTable | list[str]:
    """The routes, or every fault. Pure."""
    try:
        document: dict[str, Any] = parse_toml(text)
    except ValueError as error:
        return [f"it is not TOML: {error}"]
    try:
        return RouteTable.model_validate(document)
    except ValidationError as error:
        return [_with_line(fault, text) for fault in validation_faults(error, document, RouteTable)]


def _with_line(fault: str, text: str) -> str:
    """`line 7: ` before it, where the line can be told."""
    lines = text.splitlines()
    in_route, in_upstream = _IN_ROUTE.match(fault), _IN_UPSTREAM.match(fault)
    if in_route is not None:
        headers = [number for number, line in enumerate(lines, start=1) if line.strip().startswith("[[routes]]")]
        number, key = int(in_route[1]), in_route[2]
        begin = headers[number] if number < len(headers) else None
    elif in_upstream is not None:
        name, key = in_upstream[1], in_upstream[2]
        header = f"[upstreams.{name}]"
        begin = next((number for number, line in enumerate(lines, start=1) if line.strip().startswith(header)), None)
    else:
        return fault
    return fault if begin is None else f"line {_line_of_key(lines, begin, key)}: {fault}"


def _line_of_key(lines: list[str], begin: int, key: str | None) -> int:
    """Of the key in the table whose header is line `begin`; the header's own when the key does not stand there."""
    for number, line in enumerate(lines[begin:], start=begin + 1):
        if line.strip().startswith("["):
            break
        if key is not None and re.match(rf"\s*{re.escape(key)}\s*[=.]", line):
            return number
    return begin
