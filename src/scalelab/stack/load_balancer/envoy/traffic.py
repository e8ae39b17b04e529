"""What Envoy does with a request: filters, routes, retries, its own errors and its log. Pure."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import (
    AGE_JITTER,
    IDEMPOTENT_METHODS,
    KEEP_ALIVE_S,
    MOST_LENGTH_DIGITS,
    RETRY_AFTER_S,
    TUNNEL_TIMEOUT_S,
)
from scalelab.stack.load_balancer.envoy.cluster import CLUSTER
from scalelab.stack.load_balancer.envoy.words import API, TYPES, extension, seconds, watched_file
from scalelab.stack.service_kit.documents import problem_document

_LINGER_S = 0.2
"""From an answer that ends its connection to the end: a client that still sends can read it meanwhile."""
_RETRIES = 3
_RETRY_BACKOFF_S = 0.001
"""Another gateway is asked: there is nothing to wait for. Envoy draws at random up to it, doubling."""
_HOST_DRAWS = 10
"""How often another gateway is drawn when the drawn one has been asked before."""
_IDEMPOTENT = f"^({'|'.join(IDEMPOTENT_METHODS)})$"
_NOT_SENT = "connect-failure,reset-before-request"
_UNANSWERED = f"{_NOT_SENT},reset"
_OTHER_PROTOCOLS = ("h2c", "TLS/", "HTTP/")
"""Offers to upgrade that are passed over; any but WebSocket and these is refused."""
_BROKEN_OFF = ("UC", "UR")
"""Envoy's flags of an answer for a connection that a gateway closed or reset."""
_OWN_ERRORS = (400, 403, 404, 408, 413, 431, 500, 501, 502, 503, 504, 505)
_ROUTES = "routes"
_GIVEN_ID = "x-given-request-id"
"""Between the first and the second step of reading a request; the script takes it away."""
_REPLACE = "OVERWRITE_IF_EXISTS_OR_ADD"
_MILLION = 1_000_000
_HASHED: dict[BalancingPolicy, dict[str, Any]] = {
    "hash_key": {"query_parameter": {"name": "key"}},
    "hash_user": {"header": {"header_name": "authorization"}},
}


def traffic_filter(settings: BalancerSettings, routes_path: str) -> dict[str, Any]:
    """The listener's only filter: the manager of its connections."""
    fields = {
        "stat_prefix": "traffic",
        "codec_type": "HTTP1",
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": True,
        "skip_xff_append": True,
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "request_headers_timeout": seconds(settings.head_timeout_s),
        "stream_idle_timeout": seconds(settings.response_timeout_s),
        "delayed_close_timeout": seconds(_LINGER_S),
        "common_http_protocol_options": {
            "headers_with_underscores_action": "DROP_HEADER",
            "idle_timeout": seconds(KEEP_ALIVE_S),
            **_connection_age(settings.max_connection_age_s),
        },
        "http1_safe_max_connection_duration": True,
        "http_protocol_options": {
            "accept_http_10": True,
            "ignore_http_11_upgrade": [{"prefix": name} for name in _OTHER_PROTOCOLS],
        },
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "early_header_mutation_extensions": [_what_a_sender_may_not_say()],
        "http_filters": _filters(),
        "rds": {"route_config_name": _ROUTES, "config_source": watched_file(routes_path)},
        "local_reply_config": {"mappers": _own_errors()},
        "access_log": [_access_log(settings)],
    }
    name = "filters.network.http_connection_manager"
    return extension(f"envoy.{name}", f"{API}.{name}.v3.HttpConnectionManager", fields)


def routes(settings: BalancerSettings, members: int) -> dict[str, Any]:
    """The file of the routes: they say by what a request is hashed, and how many others there are to be asked."""
    resource = {
        "@type": f"{TYPES}envoy.config.route.v3.RouteConfiguration",
        "name": _ROUTES,
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [*_refused(), *_routes(settings, members)]}],
    }
    return {"resources": [resource]}


def _what_a_sender_may_not_say() -> dict[str, Any]:
    """Its claims about itself, orders to Envoy (which obeys a private address), and what ends at this hop."""
    mutations: list[dict[str, Any]] = [{"remove": name} for name in ("forwarded", "x-real-ip", "te", "trailer")]
    mutations += [{"remove_on_match": {"key_matcher": {"prefix": prefix}}} for prefix in ("x-forwarded-", "x-envoy-")]
    # Its id of the request is set aside, and kept later if it is harmless; Envoy makes one in any case.
    mutations.append(_header(_GIVEN_ID, f"%REQ({REQUEST_ID_HEADER.upper()})%", _REPLACE))
    mutations.append({"remove": REQUEST_ID_HEADER.lower()})
    name = "http.early_header_mutation.header_mutation"
    return extension(f"envoy.{name}", f"{API}.{name}.v3.HeaderMutation", {"mutations": mutations})


def _connection_age(age_s: float) -> dict[str, Any]:
    """A client's connection ends with its next answer at this age, give or take the jitter; 0 = never."""
    if not age_s:
        return {}
    least_s, spread_percent = age_s * (1 - AGE_JITTER), 100 * 2 * AGE_JITTER / (1 - AGE_JITTER)
    return {
        "max_connection_duration": seconds(least_s),
        "max_connection_duration_jitter": {"value": spread_percent},
    }


def _filters() -> list[dict[str, Any]]:
    source = Path(__file__).with_name("strip_named.lua").read_text(encoding="utf-8")
    set_here = {
        "x-forwarded-for": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "%REQ(:AUTHORITY)%",
    }
    mutations: list[dict[str, Any]] = [_header(name, value, _REPLACE) for name, value in set_here.items()]
    mutations.append({"remove": "x-envoy-external-address"})
    filters = f"{API}.filters.http"
    return [
        extension("strip_named", f"{filters}.lua.v3.Lua", {"default_source_code": {"inline_string": source}}),
        extension(
            "said_here",
            f"{filters}.header_mutation.v3.HeaderMutation",
            {"mutations": {"request_mutations": mutations}},
        ),
        extension("envoy.filters.http.router", f"{filters}.router.v3.Router", {"suppress_envoy_headers": True}),
    ]


def _header(name: str, value: str, action: str) -> dict[str, Any]:
    return {"append": {"header": {"key": name, "value": value}, "append_action": action}}


def _refused() -> list[dict[str, Any]]:
    """What Envoy would pass on, and another may read otherwise: two hosts in one, a length beyond belief."""
    patterns = {":authority": ".*,.*", "content-length": f"[0-9]{{{MOST_LENGTH_DIGITS + 1},}}"}
    return [
        {
            "match": {"prefix": "/", "headers": [{"name": name, "string_match": {"safe_regex": {"regex": pattern}}}]},
            "direct_response": {"status": HTTPStatus.BAD_REQUEST.value},
            "response_headers_to_add": [_header("connection", "close", _REPLACE)["append"]],
        }
        for name, pattern in patterns.items()
    ]


def _routes(settings: BalancerSettings, members: int) -> list[dict[str, Any]]:
    """One for tunnels, one for what may be done twice, one for the rest."""

    def route(retry_on: str, idle_s: float, *headers: dict[str, Any]) -> dict[str, Any]:
        action = {
            "cluster": CLUSTER,
            "timeout": "0s",  # of the whole answer: a stream has no end
            "idle_timeout": seconds(idle_s),
            "retry_policy": _retries(retry_on, members),
            "hash_policy": [_HASHED[settings.policy]] if settings.policy in _HASHED else [],
        }
        return {"match": {"prefix": "/", "headers": list(headers)}, "route": action}

    upgrade = {"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}
    idempotent = {"name": ":method", "string_match": {"safe_regex": {"regex": _IDEMPOTENT}}}
    return [
        route(_NOT_SENT, TUNNEL_TIMEOUT_S, upgrade),
        route(_UNANSWERED, settings.response_timeout_s, idempotent),
        route(_NOT_SENT, settings.response_timeout_s),
    ]


def _retries(retry_on: str, members: int) -> dict[str, Any]:
    name = "envoy.retry_host_predicates.previous_hosts"
    message = f"{API}.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    return {
        "retry_on": retry_on,
        "num_retries": max(0, min(_RETRIES, members - 1)),
        "retry_host_predicate": [extension(name, message)],
        "host_selection_retry_max_attempts": _HOST_DRAWS,
        "retry_back_off": {"base_interval": seconds(_RETRY_BACKOFF_S), "max_interval": seconds(_RETRY_BACKOFF_S)},
    }


def _own_errors() -> list[dict[str, Any]]:
    broken_off = {"response_flag_filter": {"flags": _BROKEN_OFF}}
    return [
        {**_own_error(HTTPStatus.BAD_GATEWAY, broken_off), "status_code": HTTPStatus.BAD_GATEWAY.value},
        *(_own_error(HTTPStatus(status), has_status("EQ", status)) for status in _OWN_ERRORS),
    ]


def _own_error(status: HTTPStatus, applies_to: dict[str, Any]) -> dict[str, Any]:
    body = problem_document(status.value, _REQUEST_ID)
    headers = [_header(REQUEST_ID_HEADER, _REQUEST_ID, _REPLACE)]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(_header("Retry-After", str(RETRY_AFTER_S), _REPLACE))
    return {
        "filter": applies_to,
        "headers_to_add": [header["append"] for header in headers],
        "body_format_override": {"json_format": body, "content_type": PROBLEM_MEDIA_TYPE},
    }


def has_status(operator: str, status: int) -> dict[str, Any]:
    """A filter of answers: EQ, GE or LE this status."""
    value = {"default_value": status, "runtime_key": f"status_{operator}_{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


_REQUEST_ID = f"%REQ({REQUEST_ID_HEADER.upper()})%"


def _access_log(settings: BalancerSettings) -> dict[str, Any]:
    fields = {
        "request_id": _REQUEST_ID,
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ)%",
        "status": "%RESPONSE_CODE%",
        "member": "%UPSTREAM_HOST%",
        "duration_ms": "%DURATION%",
        "termination": "%RESPONSE_FLAGS%",
    }
    share = {"numerator": round(settings.access_sample_ratio * _MILLION), "denominator": "MILLION"}
    sampled = {
        "runtime_filter": {
            "runtime_key": "access_sample",
            "percent_sampled": share,
            "use_independent_randomness": True,
        }
    }
    message = f"{API}.access_loggers.stream.v3.StderrAccessLog"
    return {
        **extension("envoy.access_loggers.stderr", message, {"log_format": {"json_format": fields}}),
        "filter": {"or_filter": {"filters": [has_status("GE", 500), sampled]}},
    }
