"""How Envoy writes things in its configuration. Pure."""

from collections.abc import Mapping
from typing import Any

TYPES = "type.googleapis.com/"
API = "envoy.extensions"
POLICIES_API = f"{API}.load_balancing_policies"


def extension(name: str, message: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An extension by its registered name, with its configuration."""
    return {"name": name, "typed_config": {"@type": TYPES + message, **(fields or {})}}


def seconds(duration_s: float) -> str:
    """A duration; at least a millisecond, because 0 means for ever or is refused."""
    return f"{max(0.001, duration_s):.3f}s"


def watched_file(path: str) -> dict[str, Any]:
    """A source of configuration: read at the start, and again whenever the file is replaced."""
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def socket_address(host: str, port: int) -> dict[str, Any]:
    """An address of TCP."""
    return {"socket_address": {"address": host, "port_value": port}}


def pipe_address(path: str) -> dict[str, Any]:
    """A Unix socket that only its owner may open."""
    return {"pipe": {"path": path, "mode": 0o600}}
