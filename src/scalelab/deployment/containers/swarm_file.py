"""The Compose file, as Compose has understood it, in the words that a Swarm takes. Pure.

A Swarm reads version 3 of the format: it starts everything at once and in no order, knows no profile, builds nothing,
publishes ports on every address of a node, and mounts secrets as root's files unless it is told otherwise.
"""

from collections.abc import Mapping
from typing import Any

from scalelab.deployment.container import INSTANCE_VARIABLE

_VERSION = "3.9"
_UNKNOWN = frozenset({"build", "depends_on", "profiles", "restart", "security_opt", "tmpfs"})
"""Of those `security_opt` is a loss: whether processes may gain privileges is a setting of each node's engine."""
_OWNERS_ONLY = 0o400
_PATIENCE = {"retries": 12, "start_period": "120s"}
"""A Swarm kills what is not healthy, and one that is only busy would be missed: its work is for the others then. Who
gets requests is HAProxy's to say, and it asks more often."""
_TASK_NUMBER = "{{.Task.Slot}}"
"""A Swarm's own template."""

Document = Mapping[str, Any]


def stack_file(project: Document, node: str) -> dict[str, Any]:
    """What `docker stack deploy` takes.

    Args:
        project: of `docker compose config`.
        node: the id of this machine's node. What has files or a port of this machine stays there.
    """
    return {
        "version": _VERSION,
        "services": {name: _service(name, service, node) for name, service in project["services"].items()},
        **{part: project[part] for part in ("networks", "secrets", "configs")},
    }


def _service(name: str, service: Document, node: str) -> dict[str, Any]:
    volumes = [*map(_volume, service.get("volumes", ())), *map(_memory_volume, service.get("tmpfs", ()))]
    said = {
        **service,
        "environment": {**service.get("environment", {}), INSTANCE_VARIABLE: f"{name}-{_TASK_NUMBER}"},
        "volumes": volumes,
        "ports": [*map(_port, service.get("ports", ()))],
        "healthcheck": {**service.get("healthcheck", {}), **_PATIENCE},
        "secrets": [_secret(secret, service["user"]) for secret in service.get("secrets", ())],
        "deploy": _deploy(service["deploy"], node if _stays(service) else ""),
    }
    return {key: value for key, value in said.items() if value is not None and key not in _UNKNOWN}


def _stays(service: Document) -> bool:
    return bool(service.get("ports") or service.get("volumes"))


def _volume(volume: Document) -> dict[str, Any]:
    return {key: volume[key] for key in ("type", "source", "target")}


def _memory_volume(mount: str) -> dict[str, Any]:
    """For everybody to write, without having to say so."""
    return {"type": "tmpfs", "target": mount.partition(":")[0]}


def _port(port: Document) -> dict[str, Any]:
    """Without a Swarm's own balancer before ours: it would need IPVS, and hide the clients' addresses."""
    return {
        "target": port["target"],
        "published": int(port["published"]),
        "protocol": port["protocol"],
        "mode": "host",
    }


def _secret(secret: Document, user: str) -> dict[str, Any]:
    owner, _, group = user.partition(":")
    return {**secret, "uid": owner, "gid": group, "mode": _OWNERS_ONLY}


def _deploy(deploy: Document, node: str) -> dict[str, Any]:
    limits = deploy["resources"]["limits"]
    placement = {"constraints": [f"node.id == {node}"]} if node else {}
    return {
        **deploy,
        "resources": {"limits": {**limits, "cpus": str(limits["cpus"])}},
        "placement": {**deploy.get("placement", {}), **placement},
    }
