"""The gateways as Envoy knows them: one cluster, and the file that says who belongs to it. Pure."""

from collections.abc import Iterable
from typing import Any

from scalelab.contracts.http_names import READY_PATH
from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import IDLE_CONNECTION_S, down_interval_s
from scalelab.stack.load_balancer.envoy.words import POLICIES_API, TYPES, extension, seconds, watched_file

CLUSTER = "gateways"
_UNBOUNDED = 1_000_000
"""Of Envoy's own circuit breakers, which allow 1,024 requests and 3 retries at a time unless told."""
_MOST_TIMES = 10
"""The longest time of an ejection is so many times the first one."""
_HAIR = 0.01
_BEGIN_SLOWLY = frozenset({"round_robin", "least_request"})
"""The policies of Envoy that know a slow start."""
_NOT_200 = ({"start": 100, "end": 200}, {"start": 201, "end": 600})
POLICIES: dict[BalancingPolicy, tuple[str, dict[str, Any]]] = {
    "round_robin": ("round_robin", {}),
    "least_connections": ("least_request", {"selection_method": "FULL_SCAN"}),
    "random": ("random", {}),
    "power_of_two": ("least_request", {"choice_count": 2}),
    "hash_key": ("ring_hash", {}),
    "hash_user": ("ring_hash", {}),
}
"""Envoy's policy and its options. What has nothing to hash goes to anyone."""


def clusters(settings: BalancerSettings, endpoints_path: str) -> dict[str, Any]:
    """The file of the one cluster, whose members are read from the file at `endpoints_path`."""
    resource = {"@type": f"{TYPES}envoy.config.cluster.v3.Cluster", **_cluster(settings, endpoints_path)}
    return {"resources": [resource]}


def _cluster(settings: BalancerSettings, endpoints_path: str) -> dict[str, Any]:
    return {
        **_care(settings),
        "name": CLUSTER,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": watched_file(endpoints_path)},
        "load_balancing_policy": {"policies": [_policy(settings)]},
        "common_lb_config": {
            "healthy_panic_threshold": {"value": _panic_percent(settings.panic_share)},
            "ignore_new_hosts_until_first_hc": True,
            "update_merge_window": "0s",  # else what is shown as up takes traffic a second later
        },
        "connect_timeout": seconds(settings.connect_timeout_s),
        "ignore_health_on_host_removal": True,
        "health_checks": [_check(settings)],
        "circuit_breakers": {"thresholds": [dict.fromkeys(_LIMITS, _UNBOUNDED)]},
        "track_cluster_stats": {"per_endpoint_stats": True},
        "typed_extension_protocol_options": {_HTTP_OPTIONS_NAME: _HTTP_OPTIONS},
    }


def endpoints(members: Iterable[Member], leaving: Iterable[Member] = ()) -> dict[str, Any]:
    """The file of the members. One that leaves gets no new requests, and finishes those it has."""
    entries = [
        *(_endpoint(member, "HEALTHY") for member in members),
        *(_endpoint(member, "DRAINING") for member in leaving),
    ]
    assignment = {
        "@type": f"{TYPES}envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": CLUSTER,
        "endpoints": [{"lb_endpoints": entries}],
    }
    return {"resources": [assignment]}


_LIMITS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
_HTTP_OPTIONS_NAME = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_HTTP_OPTIONS = {
    "@type": TYPES + _HTTP_OPTIONS_NAME,
    "common_http_protocol_options": {"idle_timeout": seconds(IDLE_CONNECTION_S)},
    "explicit_http_config": {"http_protocol_options": {}},
}


def _check(settings: BalancerSettings) -> dict[str, Any]:
    """Envoy asks a member without traffic once a minute unless told, and takes a 503 for a verdict unless told."""
    interval = seconds(settings.health_interval_s)
    down_interval = seconds(down_interval_s(settings.health_interval_s))
    return {
        "timeout": seconds(settings.health_timeout_s),
        "interval": interval,
        "no_traffic_interval": interval,
        "no_traffic_healthy_interval": interval,
        "unhealthy_interval": down_interval,
        "unhealthy_edge_interval": interval,
        "healthy_edge_interval": down_interval,
        "unhealthy_threshold": settings.health_fall,
        "healthy_threshold": settings.health_rise,
        "http_health_check": {"path": READY_PATH, "host": settings.instance, "retriable_statuses": _NOT_200},
        "reuse_connection": False,
    }


def _policy(settings: BalancerSettings) -> dict[str, Any]:
    name, options = POLICIES[settings.policy]
    if settings.slow_start_s and name in _BEGIN_SLOWLY:
        options = {**options, "slow_start_config": {"slow_start_window": seconds(settings.slow_start_s)}}
    message = f"{POLICIES_API}.{name}.v3.{name.title().replace('_', '')}"
    return {"typed_extension_config": extension(f"envoy.load_balancing_policies.{name}", message, options)}


def _care(settings: BalancerSettings) -> dict[str, Any]:
    """Passive ejection, if it is asked for. Envoy never ejects beyond the share, rounded down."""
    if not settings.ejection_failures:
        return {}
    rule = {
        "consecutive_5xx": settings.ejection_failures,
        "enforcing_consecutive_5xx": 100,
        "enforcing_success_rate": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "base_ejection_time": seconds(settings.ejection_s),
        "max_ejection_time": seconds(settings.ejection_s * _MOST_TIMES),
        "max_ejection_percent": int(settings.ejection_max_share * 100),
        "interval": seconds(settings.health_interval_s),
        # A check that passes says nothing of what the failures were about.
        "successful_active_health_check_uneject_host": False,
    }
    return {"outlier_detection": rule}


def _panic_percent(share: float) -> float:
    """Envoy panics below it, we at it."""
    return min(100.0, share * 100 + _HAIR) if share else 0.0


def _endpoint(member: Member, health_status: str) -> dict[str, Any]:
    address = {"socket_address": {"address": member.host, "port_value": member.port}}
    return {
        "health_status": health_status,
        "endpoint": {"hostname": member.name, "address": address},
        "load_balancing_weight": member.weight,
    }
