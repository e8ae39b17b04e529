"""HAProxy's configuration as text. Pure: what the machine offers is an argument."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from scalelab.contracts.http_names import LIVE_PATH, METRICS_PATH, PROBLEM_MEDIA_TYPE, READY_PATH, REQUEST_ID_HEADER
from scalelab.contracts.membership import Member
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
from scalelab.stack.load_balancer.haproxy.discovery import RESOLVERS, discovered_servers
from scalelab.stack.load_balancer.haproxy.server import BACKEND, Server, milliseconds, server_arguments
from scalelab.stack.service_kit.documents import health_document, problem_document

_ADMIN_CONNECTIONS = 64
_FILES_FOR_ITSELF = 256
_MOST_CONNECTIONS = 10_000
_MOST_THREADS = 8
_CLIENT_SILENCE_S = 30
"""Longest silence of a client that is to send a body or take an answer; it does not count while a gateway works."""
_LINGER_S = 5
"""Longest time that a connection whose other end has gone is kept for the bytes it does not take."""
_RETRIES = 3
ALGORITHMS: dict[BalancingPolicy, tuple[str, ...]] = {
    "round_robin": ("balance roundrobin",),
    "least_connections": ("balance leastconn",),
    "random": ("balance random(1)",),
    "power_of_two": ("balance random(2)",),
    "hash_key": ("balance url_param key", "hash-type consistent"),
    "hash_user": ("balance hdr(Authorization)", "hash-type consistent"),
}
"""random(N) draws N servers and takes the one with fewest requests. What has nothing to hash is balanced in turn."""
_OWN_ERRORS = (400, 408, 500, 502, 503, 504)

_AFTER_THE_NEXT_ANSWER = (
    "# When another takes over, a connection is closed with its next answer, not while a request may be on its way.",
    "option idle-close-on-response",
)
_ODD_MESSAGES = (
    "# HAProxy 2.8 reads a length of 2^64 + 1 as 1, passes it on as it came, and takes what follows for a request.",
    f"acl is_odd req.fhdr(content-length),length gt {MOST_LENGTH_DIGITS}",
    "# It reads every version above 1.1 as 1.1, and HTTP/2 without TLS where nobody offers it.",
    "acl is_spoken req.ver 1.0 1.1",
    "option disable-h2-upgrade",
    "http-request set-var(txn.odd) bool(true) if is_odd or !is_spoken",
    "http-request deny deny_status 400 if { var(txn.odd) -m bool }",
    "http-after-response set-header Connection close if { var(txn.odd) -m bool } || { status 408 413 431 }",
)
"""A length beside chunks (RFC 9112, 6.1) cannot be refused: the parser drops the length before any rule sees the
message, and nothing that a rule can ask for tells. One framing goes on, and the connection is closed."""


@dataclass(frozen=True)
class Binds:
    """Where HAProxy listens, in its own words: `fd@3` for a socket handed down, `:8080`, or a path."""

    traffic: str
    admin: str
    runtime: str
    """Its runtime socket."""


@dataclass(frozen=True)
class Machine:
    """What the configuration takes from where it runs."""

    file_limit: int
    cores: int
    lua_path: str

    @property
    def connections(self) -> int:
        """Client connections at a time; each may need a second one to a gateway."""
        return max(_ADMIN_CONNECTIONS, min(_MOST_CONNECTIONS, (self.file_limit - _FILES_FOR_ITSELF) // 2))

    @property
    def threads(self) -> int:
        """Half of the cores: the gateways want the rest."""
        return max(1, min(_MOST_THREADS, self.cores // 2))


def haproxy_configuration(
    settings: BalancerSettings,
    binds: Binds,
    machine: Machine,
    servers: Sequence[Server] = (),
    discovered: Member | None = None,
) -> str:
    """The whole file.

    Args:
        settings: of the service.
        binds: see there.
        machine: see there.
        servers: those that may take traffic from the first moment; all others are added while it runs.
        discovered: a name whose addresses are gateways, as many as there are; HAProxy follows them by DNS.
    """
    lines = [f"server {server.name} {server_arguments(server.member, settings)}" for server in servers]
    if discovered is not None:
        lines.append(discovered_servers(discovered, settings))
    may_be_replaced = discovered is None
    sections = [
        _global(settings, binds, machine, may_be_replaced=may_be_replaced),
        _defaults(settings),
        _traffic(settings, binds, machine, may_be_replaced=may_be_replaced),
        _admin(settings, binds),
        _gateways(settings, lines),
        *([RESOLVERS] if discovered is not None else []),
    ]
    return "\n".join("\n    ".join(section) + "\n" for section in sections)


def _global(settings: BalancerSettings, binds: Binds, machine: Machine, *, may_be_replaced: bool) -> list[str]:
    longest_end_s = max(settings.graceful_timeout_s, settings.drain_timeout_s if may_be_replaced else 0.0)
    return [
        "global",
        "log stderr len 8192 format raw local0",
        f"maxconn {machine.connections + _ADMIN_CONNECTIONS}",
        f"nbthread {machine.threads}",
        f"stats socket {binds.runtime} level admin",
        f"lua-load-per-thread {_quoted(machine.lua_path)}",
        f"hard-stop-after {milliseconds(longest_end_s)}",
    ]


def _defaults(settings: BalancerSettings) -> list[str]:
    response_timeout = milliseconds(settings.response_timeout_s)
    return [
        "defaults",
        "mode http",
        f"timeout connect {milliseconds(settings.connect_timeout_s)}",
        f"timeout queue {milliseconds(settings.connect_timeout_s)}",
        f"timeout client {milliseconds(min(_CLIENT_SILENCE_S, settings.response_timeout_s))}",
        f"timeout server {response_timeout}",
        f"timeout http-request {milliseconds(settings.head_timeout_s)}",
        f"timeout http-keep-alive {KEEP_ALIVE_S}s",
        f"timeout check {milliseconds(settings.health_timeout_s)}",
        f"timeout client-fin {_LINGER_S}s",
        f"timeout server-fin {_LINGER_S}s",
        f"timeout tunnel {TUNNEL_TIMEOUT_S}s",
        *(_own_error(HTTPStatus(status)) for status in _OWN_ERRORS),
    ]


def _own_error(status: HTTPStatus) -> str:
    request_id = "%[var(txn.request_id)]"
    body = problem_document(status.value, request_id)
    retry_after = f" hdr Retry-After {RETRY_AFTER_S}" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
    return (
        f"http-error status {status.value} content-type {PROBLEM_MEDIA_TYPE} lf-string {_quoted(json.dumps(body))}"
        f" hdr {REQUEST_ID_HEADER} {request_id}{retry_after}"
    )


def _traffic(settings: BalancerSettings, binds: Binds, machine: Machine, *, may_be_replaced: bool) -> list[str]:
    return [
        "frontend traffic",
        f"bind {binds.traffic}",
        f"maxconn {machine.connections}",
        "option http-keep-alive",
        *(_AFTER_THE_NEXT_ANSWER if may_be_replaced else ()),
        *_connection_age(settings.max_connection_age_s),
        *_logging(settings),
        *_ODD_MESSAGES,
        "# What the sender says about one connection ends here, and so does what it claims about itself.",
        "http-request del-header Upgrade unless { req.hdr(Upgrade) -i websocket }",
        "http-request lua.strip_request if { req.fhdr(Connection) -m found }",
        "http-request del-header ^(keep-alive|proxy-connection|te|trailer)$ -m reg",
        "http-request del-header ^(forwarded$|x-forwarded-|x-real-ip$) -m reg",
        "http-request del-header _ -m sub",
        "http-request set-header X-Forwarded-For %[src]",
        "http-request set-header X-Forwarded-Proto http",
        "http-request set-header X-Forwarded-Host %[req.fhdr(Host)]",
        f"http-request set-header {REQUEST_ID_HEADER} %[var(txn.request_id)]",
        "http-response lua.strip_response if { res.fhdr(Connection) -m found }",
        "http-response del-header ^(keep-alive|proxy-connection|te|trailer)$ -m reg",
        f"http-request disable-l7-retry unless {{ method {' '.join(IDEMPOTENT_METHODS)} }}",
        "# It would ask the same gateway again: whoever breaks a request off may break the next one off, too.",
        f"http-request disable-l7-retry if {{ nbsrv({BACKEND}) lt 2 }}",
        f"default_backend {BACKEND}",
    ]


def _connection_age(age_s: float) -> list[str]:
    """A client's connection ends with its next answer at this age, give or take a tenth; 0 = never."""
    if not age_s:
        return []
    spread_ms = max(1, round(age_s * 1000 * 2 * AGE_JITTER))
    least_ms = round(age_s * 1000 * (1 - AGE_JITTER))
    return [
        f"tcp-request connection set-var(sess.jitter_ms) rand({spread_ms})",
        f"tcp-request connection set-var(sess.due_ms) date(0,ms),add(sess.jitter_ms),add({least_ms})",
        "http-after-response set-header Connection close if { date(0,ms),sub(sess.due_ms) -m int gt 0 }",
    ]


def _logging(settings: BalancerSettings) -> list[str]:
    fields = (
        '"request_id":"%[var(txn.request_id)]"',
        '"method":"%HM"',
        '"path":"%[var(txn.path),json(utf8s)]"',
        '"status":%ST',
        '"member":"%s"',
        '"duration_ms":%Ta',
        '"termination":"%ts"',
    )
    sampled = f"{{ var(txn.request_id),crc32 lt {int(settings.access_sample_ratio * 2**32)} }}"
    is_only = f"{{ req.fhdr_cnt({REQUEST_ID_HEADER}) eq 1 }}"
    given = f"req.fhdr({REQUEST_ID_HEADER})"
    return [
        "log global",
        f"log-format {_quoted('{' + ','.join(fields) + '}')}",
        "http-request set-var(txn.path) path",
        f"http-request set-var(txn.request_id) {given} if {is_only} {{ {given} -m reg ^[A-Za-z0-9_.-]{{1,64}}$ }}",
        "http-request set-var(txn.request_id) uuid unless { var(txn.request_id) -m found }",
        f"http-request set-log-level silent unless {sampled}",
        "http-after-response set-log-level info if { status ge 500 }",
    ]


def _admin(settings: BalancerSettings, binds: Binds) -> list[str]:
    def answer(status: int, state: str) -> str:
        body = _quoted(json.dumps(health_document(settings, state)))
        return f"http-request return status {status} content-type application/json string {body}"

    return [
        "frontend admin",
        f"bind {binds.admin}",
        f"maxconn {_ADMIN_CONNECTIONS}",
        f"http-request use-service prometheus-exporter if {{ path {METRICS_PATH} }}",
        f"{answer(200, 'ok')} if {{ path {LIVE_PATH} }}",
        f"{answer(200, 'ok')} if {{ path {READY_PATH} }} {{ nbsrv({BACKEND}) gt 0 }}",
        f"{answer(503, 'no gateway is up')} if {{ path {READY_PATH} }}",
        "http-request return status 404",
    ]


def _gateways(settings: BalancerSettings, servers: Sequence[str]) -> list[str]:
    return [
        f"backend {BACKEND}",
        *ALGORITHMS[settings.policy],
        "option abortonclose",
        "option redispatch 1",
        f"retries {_RETRIES}",
        "retry-on conn-failure empty-response",
        "http-reuse always",
        "option httpchk",
        f"http-check send meth GET uri {READY_PATH} ver HTTP/1.1 hdr Host {settings.instance}",
        "http-check expect status 200",
        *servers,
    ]


def _quoted(text: str) -> str:
    """One word of the configuration, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"
