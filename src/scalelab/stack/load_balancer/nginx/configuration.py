"""nginx's configuration as text. Pure: who is up, and what the machine offers, are arguments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from scalelab.contracts.http_names import LIVE_PATH, METRICS_PATH, PROBLEM_MEDIA_TYPE, READY_PATH, REQUEST_ID_HEADER
from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import (
    IDLE_CONNECTION_S,
    KEEP_ALIVE_S,
    MOST_LENGTH_DIGITS,
    RETRY_AFTER_S,
    TUNNEL_TIMEOUT_S,
)
from scalelab.stack.service_kit.documents import health_document, problem_document

PID_NAME, READINESS_NAME = "nginx.pid", "readiness.json"
"""In nginx's own folder, its prefix. The service writes the second: it knows when old workers are done."""
LAST_REQUEST_S = 0.5
"""After a change, an idle connection of a client is kept so long: its next request may be on its way."""
_IDLE_CONNECTIONS = 256
_ATTEMPTS = 4
_OWN_ERRORS = (400, 408, 413, 414, 431, 500, 501, 502, 503, 504, 505)
_ALL = 10_000
_TUNNEL = 418
"""nginx jumps to another location by an error only; this one is nobody's."""
_OWN_ERROR_PATH = "/.balancer-error/"
"""Inside only: a client that asks for it gets 404. nginx goes to no named location from a request it cannot read."""
_NGINX_HEAD_TOO_LARGE = 494
"""nginx's own number for what HTTP calls 431."""
POLICIES: dict[BalancingPolicy, tuple[str, ...]] = {
    "round_robin": (),
    "least_connections": ("least_conn;",),
    "random": ("random;",),
    "power_of_two": ("random two least_conn;",),
    "hash_key": ("hash $by_key consistent;",),
    "hash_user": ("hash $by_user consistent;",),
}
"""What has nothing to hash is hashed by its own id: it goes to anyone."""


@dataclass(frozen=True)
class Machine:
    """What the configuration takes from where it runs."""

    traffic: str
    """Host and port, as those of the socket that is handed down."""
    admin: str
    script: str
    """Path of `balancer.js`."""
    user: str
    """And group, of whom the workers are; empty: of whoever starts nginx."""
    connections: int
    workers: int


def nginx_configuration(settings: BalancerSettings, machine: Machine, members: Mapping[Member, bool]) -> str:
    """The whole file. `members`: whether each takes traffic."""
    lines = [
        *([f"user {machine.user};"] if machine.user else []),
        f"worker_processes {machine.workers};",
        f"worker_shutdown_timeout {_ms(max(settings.graceful_timeout_s, settings.drain_timeout_s))};",
        f"pid {PID_NAME};",
        "error_log stderr warn;",
        f"events {{ worker_connections {machine.connections}; }}",
        "http {",
        *_shared(settings, machine),
        *_members(settings, members),
        *_traffic(settings, machine, has_members=bool(members)),
        *_admin(settings, machine, members),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _shared(settings: BalancerSettings, machine: Machine) -> list[str]:
    fields = {
        "request_id": "$id",
        "method": "$request_method",
        "path": "$path",
        "status": "$status",
        "member": "$upstream_addr",
        "termination": "$upstream_status",
        "duration_s": "$request_time",
    }
    well_known = "(close|keep-alive|upgrade|te)"
    return [
        f"js_import balancer from {_quoted(machine.script)};",
        "js_shared_dict_zone zone=counts:256k type=number;",
        "js_set $is_logged balancer.count;",
        'map $http_x_request_id $id { "~^[A-Za-z0-9_.-]{1,64}$" $http_x_request_id; default $request_id; }',
        'map $request_uri $path { "~^(?<without_query>[^?]*)" $without_query; default ""; }',
        'map $arg_key $by_key { "" $request_id; default $arg_key; }',
        'map $http_authorization $by_user { "" $request_id; default $http_authorization; }',
        'map $http_upgrade $upgrade { "~*^websocket$" websocket; default ""; }',
        'map $upgrade $on_upgrade { websocket upgrade; default ""; }',
        "# Who names other fields in Connection would have them removed, which nginx cannot: refused.",
        f'map $http_connection $names_fields {{ "" ""; "~*^ *{well_known}( *, *{well_known})* *$" ""; default 1; }}',
        f'map $http_content_length $is_odd {{ "~^[0-9]{{{MOST_LENGTH_DIGITS + 1}}}" 1; default ""; }}',
        "# Nothing was sent to anybody: nobody is up, or who is refused the connection.",
        'map $upstream_bytes_sent $is_unsent { "~^(0|-)(, (0|-))*$" 1; default ""; }',
        f'split_clients "$request_id" $is_sampled {{ {_sampled(settings.access_sample_ratio)} }}',
        "map $status $is_told { ~^5 1; default $is_sampled; }",
        f"log_format scalelab escape=json {_quoted(_as_json(fields))};",
        "access_log /dev/stderr scalelab if=$is_logged;",
    ]


def _sampled(ratio: float) -> str:
    """A share as nginx takes it: in percent with two digits, and neither none nor all of it."""
    hundredths_percent = round(ratio * _ALL)
    if not 0 < hundredths_percent < _ALL:
        return f"* {int(hundredths_percent > 0)};"
    return f"{hundredths_percent / 100:.2f}% 1; * 0;"


def _members(settings: BalancerSettings, members: Mapping[Member, bool]) -> list[str]:
    if not members:
        return []
    return [
        "upstream gateways {",
        "zone gateways 256k;",
        *POLICIES[settings.policy],
        *(
            f"server {address(member)} weight={member.weight} max_fails=0{'' if is_up else ' down'};"
            for member, is_up in members.items()
        ),
        f"keepalive {_IDLE_CONNECTIONS};",
        f"keepalive_timeout {IDLE_CONNECTION_S}s;",
        "}",
    ]


def _traffic(settings: BalancerSettings, machine: Machine, *, has_members: bool) -> list[str]:
    age = [f"keepalive_time {_ms(settings.max_connection_age_s)};"] if settings.max_connection_age_s else []
    refused = ("if ($names_fields) { return 400; }", "if ($is_odd) { return 400; }")
    if has_members:
        ways = [
            "location / {",
            *refused,
            f"if ($upgrade) {{ return {_TUNNEL}; }}",
            *_passed_on(settings, settings.response_timeout_s),
            "}",
            "location @tunnel {",
            *_passed_on(settings, TUNNEL_TIMEOUT_S),
            "}",
        ]
    else:
        ways = ["location / {", *refused, "return 503;", "}"]
    return [
        "server {",
        f"listen {machine.traffic};",
        "server_tokens off;",
        "merge_slashes off;",
        "client_max_body_size 0;",
        "large_client_header_buffers 4 16k;",
        f"client_header_timeout {_ms(settings.head_timeout_s)};",
        f"client_body_timeout {_ms(settings.response_timeout_s)};",
        f"send_timeout {_ms(settings.response_timeout_s)};",
        f"keepalive_timeout {KEEP_ALIVE_S}s;",
        f"keepalive_min_timeout {_ms(LAST_REQUEST_S)};",
        "keepalive_requests 1000000000;",
        *age,
        "recursive_error_pages on;",
        *([f"error_page {_TUNNEL} = @tunnel;"] if has_members else []),
        f"error_page {_NGINX_HEAD_TOO_LARGE} = {_OWN_ERROR_PATH}431;",
        *(f"error_page {status} = {_OWN_ERROR_PATH}{status};" for status in _OWN_ERRORS),
        "location @care { js_periodic balancer.end_with_master interval=250ms worker_affinity=all; }",
        *ways,
        *(line for status in _OWN_ERRORS for line in _own_error(HTTPStatus(status))),
        "}",
    ]


def _passed_on(settings: BalancerSettings, silence_s: float) -> list[str]:
    ends_here = ("TE", "Trailer", "Keep-Alive", "Proxy-Connection", "Forwarded", "X-Real-IP")
    return [
        "proxy_pass http://gateways;",
        "proxy_http_version 1.1;",
        "proxy_buffering off;",
        "proxy_request_buffering off;",
        f"proxy_connect_timeout {_ms(settings.connect_timeout_s)};",
        f"proxy_read_timeout {_ms(silence_s)};",
        f"proxy_send_timeout {_ms(silence_s)};",
        "# nginx repeats no POST or PATCH that was sent, and asks nobody twice.",
        "proxy_next_upstream error;",
        f"proxy_next_upstream_tries {_ATTEMPTS};",
        "proxy_pass_header Server;",
        "proxy_pass_header Date;",
        "proxy_hide_header Trailer;",
        "proxy_hide_header TE;",
        "proxy_hide_header Proxy-Connection;",
        "# Orders to nginx, from whoever stands behind a gateway.",
        "proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;",
        "early_hints 1;",
        "js_header_filter balancer.strip_named;",
        "more_clear_input_headers 'X-Forwarded-*';",
        *(f'proxy_set_header {name} "";' for name in ends_here),
        "proxy_set_header Host $http_host;",
        "proxy_set_header Upgrade $upgrade;",
        "proxy_set_header Connection $on_upgrade;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto http;",
        "proxy_set_header X-Forwarded-Host $http_host;",
        f"proxy_set_header {REQUEST_ID_HEADER} $id;",
    ]


def _own_error(status: HTTPStatus) -> list[str]:
    body = problem_document(status.value, "$id")
    is_refused = status.value < HTTPStatus.INTERNAL_SERVER_ERROR
    return [
        f"location = {_OWN_ERROR_PATH}{status.value} {{",
        "internal;",
        *(["if ($is_unsent) { return 503; }"] if status is HTTPStatus.BAD_GATEWAY else []),
        *(["keepalive_timeout 0;"] if is_refused else []),  # how its message goes on is not known
        f"default_type {PROBLEM_MEDIA_TYPE};",
        f"add_header {REQUEST_ID_HEADER} $id always;",
        *([f"add_header Retry-After {RETRY_AFTER_S} always;"] if status is HTTPStatus.SERVICE_UNAVAILABLE else []),
        f"return {status.value} {_quoted(_as_json(body))};",
        "}",
    ]


def _admin(settings: BalancerSettings, machine: Machine, members: Mapping[Member, bool]) -> list[str]:
    known = {address(member): {"name": member.name, "is_up": is_up} for member, is_up in members.items()}
    live = _quoted(_as_json(health_document(settings, "ok")))
    return [
        "server {",
        f"listen {machine.admin};",
        "access_log off;",
        f"location = {LIVE_PATH} {{ default_type application/json; return 200 {live}; }}",
        f"location = {READY_PATH} {{ js_content balancer.ready; }}",
        f"location = {METRICS_PATH} {{",
        f"js_var $members {_quoted(_as_json(known))};",
        "default_type text/plain;",
        "js_content balancer.metrics;",
        "}",
        "location / { return 404; }",
        "}",
    ]


def address(member: Member) -> str:
    """Host and port as nginx writes them."""
    return f"[{member.host}]:{member.port}" if ":" in member.host else f"{member.host}:{member.port}"


def _as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _quoted(text: str) -> str:
    """One word of the configuration."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _ms(duration_s: float) -> str:
    return f"{max(1, round(duration_s * 1000))}ms"
