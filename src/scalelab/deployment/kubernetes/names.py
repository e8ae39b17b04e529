"""What the parts of a stack are called in a cluster, and where they listen. Pure."""

from typing import Any, Literal

from scalelab.contracts.stack_view import ServiceName
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import ADMIN_PORT, CACHE_PORT, TRAFFIC_PORT
from scalelab.deployment.offers import BUNDLED_POSTGRESQL

Document = dict[str, Any]
"""An object of the API, or a part of one, as it stands in YAML."""
Part = ServiceName | Literal["postgresql"]
POSTGRESQL_PORT = 5432
CLUSTER_DOMAIN = "cluster.local"
NAME_LABEL = "app.kubernetes.io/name"
_OURS = {"traffic": TRAFFIC_PORT, "admin": ADMIN_PORT}
PORTS: dict[Part, dict[str, int]] = {
    "load_balancer": _OURS,
    "api_gateway": _OURS,
    "microservice": _OURS,
    "worker": {"admin": ADMIN_PORT},
    "database": _OURS,
    "cache": {"traffic": CACHE_PORT},
    "postgresql": {"traffic": POSTGRESQL_PORT},
}
"""Of a pod, by name: `traffic` is for other parts, `admin` for the probes of its node only."""


def parts_of(topology: Topology) -> tuple[Part, ...]:
    """What runs, the side of the clients first."""
    own_server: tuple[Part, ...] = ("postgresql",) if topology.database.url == BUNDLED_POSTGRESQL else ()
    return ("load_balancer", "api_gateway", "microservice", "worker", "database", "cache", *own_server)


def object_name(part: Part) -> str:
    """Of every object of a part: names in a cluster have no underscore."""
    return part.replace("_", "-")


def labels(part: Part) -> dict[str, str]:
    """Of every object of a part."""
    return {NAME_LABEL: object_name(part), "app.kubernetes.io/part-of": "scalelab"}


def selector(part: Part) -> Document:
    """Of the pods of a part, in the stack's own namespace."""
    return {"matchLabels": {NAME_LABEL: object_name(part)}}


def gateways_host(namespace: str) -> str:
    """The name whose addresses are the gateways'. Whole: HAProxy asks name servers without a search list."""
    return f"{object_name('api_gateway')}.{namespace}.svc.{CLUSTER_DOMAIN}"
