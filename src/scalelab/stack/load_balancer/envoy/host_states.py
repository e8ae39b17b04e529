"""Reads Envoy's `/clusters?format=json`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scalelab.stack.load_balancer.envoy.cluster import CLUSTER

SHOW_HOSTS = "/clusters?format=json"
Address = tuple[str, int]


@dataclass(frozen=True)
class HostState:
    """What Envoy says of one member."""

    status: Literal["up", "down", "draining"]
    requests: int
    """Those that it is answering now."""


def host_states(answer: str) -> dict[Address, HostState]:
    """Host and port -> state."""
    clusters = json.loads(answer).get("cluster_statuses", ())
    hosts = next((each.get("host_statuses", ()) for each in clusters if each["name"] == CLUSTER), ())
    return {_address(host): HostState(_status(host["health_status"]), _active_requests(host)) for host in hosts}


def _address(host: Mapping[str, Any]) -> Address:
    address = host["address"]["socket_address"]
    return address["address"], address["port_value"]


def _status(health: Mapping[str, Any]) -> Literal["up", "down", "draining"]:
    """Nothing said of checks: it has passed them. A new one is in a state of its own until its first check."""
    if health.get("eds_health_status") == "DRAINING":
        return "draining"
    return "up" if set(health) <= {"eds_health_status"} else "down"


def _active_requests(host: Mapping[str, Any]) -> int:
    """Envoy leaves out a value that is 0."""
    values = {stat["name"]: int(stat.get("value", 0)) for stat in host["stats"]}
    return values.get("rq_active", 0)
