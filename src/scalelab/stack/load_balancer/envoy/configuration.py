"""Envoy's bootstrap as data. Pure: what the machine offers is an argument."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scalelab.contracts.http_names import LIVE_PATH, METRICS_PATH, READY_PATH
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.envoy.cluster import CLUSTER
from scalelab.stack.load_balancer.envoy.traffic import has_status, traffic_filter
from scalelab.stack.load_balancer.envoy.words import API, extension, pipe_address, socket_address, watched_file
from scalelab.stack.service_kit.documents import health_document

_ADMIN = "admin"
_MOST_CONNECTIONS = 10_000
_FILES_FOR_ITSELF = 256
_ANY_PERCENT = 1
"""Of the members that must be up for the balancer to be ready: one of up to a hundred. Envoy takes whole numbers."""


_STRICT = {
    "envoy.reloadable_features.strict_chunk_parsing": True,
}
"""Off unless told: bytes beyond a chunk's size are passed over, and what follows is read as the next chunk's size."""


@dataclass(frozen=True)
class Places:
    """Where Envoy listens, and what it reads."""

    traffic: tuple[str, int]
    """Host and port."""
    admin: tuple[str, int]
    """Of health and metrics; not Envoy's own administration, which could end it."""
    administration: str
    """Path of the Unix socket of that."""
    clusters: str
    """Path of the file of the one cluster."""
    routes: str
    """Path of the file of the routes."""


def bootstrap(settings: BalancerSettings, places: Places, file_limit: int) -> dict[str, Any]:
    """The whole configuration."""
    most = min(_MOST_CONNECTIONS, (file_limit - _FILES_FOR_ITSELF) // 2)
    name = "resource_monitors.downstream_connections"
    monitor = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        f"{API}.{name}.v3.DownstreamConnectionsConfig",
        {"max_active_downstream_connections": most},
    )
    return {
        "node": {"id": settings.instance, "cluster": settings.instance},
        "admin": {"address": pipe_address(places.administration)},
        "overload_manager": {"resource_monitors": [monitor]},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _STRICT}]},
        "static_resources": {
            "listeners": [
                _listener("traffic", places.traffic, traffic_filter(settings, places.routes)),
                {**_listener(_ADMIN, places.admin, _admin_filter(settings)), "ignore_global_conn_limit": True},
            ],
            "clusters": [_administration(places.administration)],
        },
        "dynamic_resources": {"cds_config": watched_file(places.clusters)},
    }


def _listener(name: str, address: tuple[str, int], only_filter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "address": socket_address(*address),
        "filter_chains": [{"filters": [only_filter]}],
    }


def _admin_filter(settings: BalancerSettings) -> dict[str, Any]:
    answer = {"status": HTTPStatus.OK.value, "body": {"inline_string": json.dumps(health_document(settings, "ok"))}}
    json_type = {"header": {"key": "content-type", "value": "application/json"}}
    routes = [
        {"match": {"path": LIVE_PATH}, "direct_response": answer, "response_headers_to_add": [json_type]},
        {"match": {"path": METRICS_PATH}, "route": {"cluster": _ADMIN, "prefix_rewrite": "/stats/prometheus"}},
        {"match": {"prefix": "/"}, "direct_response": {"status": 404}},
    ]
    ready = {
        "pass_through_mode": False,
        "cluster_min_healthy_percentages": {CLUSTER: {"value": _ANY_PERCENT}},
        "headers": [{"name": ":path", "string_match": {"exact": READY_PATH}}],
    }
    filters = f"{API}.filters.http"
    manager = {
        "stat_prefix": _ADMIN,
        "local_reply_config": {
            "mappers": [
                _readiness(settings, HTTPStatus.OK, "ok"),
                _readiness(settings, HTTPStatus.SERVICE_UNAVAILABLE, "no gateway is up"),
            ]
        },
        "codec_type": "HTTP1",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            extension("envoy.filters.http.health_check", f"{filters}.health_check.v3.HealthCheck", ready),
            extension("envoy.filters.http.router", f"{filters}.router.v3.Router", {"suppress_envoy_headers": True}),
        ],
    }
    name = "filters.network.http_connection_manager"
    return extension(f"envoy.{name}", f"{API}.{name}.v3.HttpConnectionManager", manager)


def _readiness(settings: BalancerSettings, status: HTTPStatus, state: str) -> dict[str, Any]:
    """The body of an answer that Envoy gives without one."""
    path = {"name": ":path", "string_match": {"exact": READY_PATH}}
    filters = [{"header_filter": {"header": path}}, has_status("EQ", status)]
    return {
        "filter": {"and_filter": {"filters": filters}},
        "body_format_override": {"json_format": health_document(settings, state), "content_type": "application/json"},
    }


def _administration(path: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": path}}}}
    return {
        "name": _ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": _ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
