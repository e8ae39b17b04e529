"""HAProxy that verifies tokens (`jwt_verify` and the expiry) and caches, or forwards each request."""

from urllib.parse import urlsplit

from benchmarks.contestants.base import MAX_AGE_S, Contestant
from benchmarks.processes import Crew, free_port
from benchmarks.tokens import Tokens
from scalelab.stack.load_balancer.haproxy.binary import haproxy_binary


def configuration(port: int, upstream: str, secret: str, *, has_cache: bool) -> str:
    """One thread, no logs, upstream connections shared.

    Authorization goes once the token is verified: HAProxy keeps no answer to a request that has it.
    """
    cache = "\n    ".join(
        ["http-request cache-use answers", "http-response cache-store answers"] if has_cache else ["# no cache"]
    )
    return f"""
global
    maxconn 4096
    nbthread 1
defaults
    mode http
    option http-keep-alive
    http-reuse always
    timeout connect 2s
    timeout client 60s
    timeout server 60s
cache answers
    total-max-size 256
    max-object-size 65536
    max-age {MAX_AGE_S}
frontend traffic
    bind 127.0.0.1:{port} backlog 2048
    http-request set-var(txn.bearer) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify("HS256","{secret}") 1 }}
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request del-header authorization
    {cache}
    default_backend upstream
backend upstream
    server upstream {urlsplit(upstream).netloc}
"""


def start_haproxy(crew: Crew, upstream: str, tokens: Tokens, *, core: int, has_cache: bool) -> Contestant:
    """Start it; returns when it answers."""
    port = free_port()
    file = crew.folder / f"haproxy-{port}.cfg"
    file.touch(0o600)
    file.write_text(configuration(port, upstream, tokens.secret, has_cache=has_cache))
    log = f"haproxy-{port}"
    pid = crew.start(log, [haproxy_binary(), "-db", "-f", str(file)], core=core)
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, f"{url}/data?key=1", token=tokens.first)
    return Contestant("HAProxy jwt_verify" + (" + cache" if has_cache else ""), url, (pid,))
