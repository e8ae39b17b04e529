"""Who may talk to whom: nobody, but along the edges of the topology, on the ports of traffic. Pure."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from scalelab.contracts.topology import Topology
from scalelab.deployment.kubernetes.names import (
    PORTS,
    POSTGRESQL_PORT,
    Document,
    Part,
    parts_of,
    selector,
)
from scalelab.deployment.kubernetes.workloads import described

EDGES: tuple[tuple[Part, Part], ...] = (
    ("load_balancer", "api_gateway"),
    ("api_gateway", "cache"),
    ("api_gateway", "database"),
    ("api_gateway", "microservice"),
    ("microservice", "database"),
    ("worker", "cache"),
    ("worker", "database"),
    ("database", "postgresql"),
)
"""Who asks, and who answers. Beyond them clients reach the balancer, and everybody the cluster's name servers."""
_DNS_PORT = 53
_HTTP_PORT = 80


def network_policies(topology: Topology) -> list[Document]:
    """All of them."""
    parts = parts_of(topology)
    return [_nothing_else(), *(_policy(part, parts, topology) for part in parts)]


def outside_ports(part: Part, topology: Topology) -> tuple[int, ...]:
    """Of servers that the topology names, wherever they are."""
    if part == "api_gateway":
        urls = [urlsplit(topology.upstreams[route.upstream].url) for route in topology.routes]
        return tuple(sorted({url.port or _HTTP_PORT for url in urls}))
    url = urlsplit(topology.database.url)
    return (url.port or POSTGRESQL_PORT,) if part == "database" and url.hostname else ()


def _nothing_else() -> Document:
    """What no other policy allows, and that all may ask for names."""
    name_servers = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"protocol": protocol, "port": _DNS_PORT} for protocol in ("UDP", "TCP")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny"},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [{"to": [name_servers], "ports": ports}],
        },
    }


def _policy(part: Part, parts: tuple[Part, ...], topology: Topology) -> Document:
    edges = [(source, target) for source, target in EDGES if {source, target} <= set(parts)]
    ingress = [_rule("from", source, part) for source, target in edges if target == part]
    egress = [_rule("to", target, target) for source, target in edges if source == part]
    if part == "load_balancer":
        ingress.append({"ports": _ports([PORTS[part]["traffic"]])})
    if outside := outside_ports(part, topology):
        egress.append({"ports": _ports(outside)})
    return described("networking.k8s.io/v1", "NetworkPolicy", part) | {
        "spec": {
            "podSelector": selector(part),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        }
    }


def _rule(direction: str, other: Part, target: Part) -> Document:
    return {direction: [{"podSelector": selector(other)}], "ports": _ports([PORTS[target]["traffic"]])}


def _ports(numbers: Iterable[int]) -> list[Document]:
    return [{"protocol": "TCP", "port": number} for number in numbers]
