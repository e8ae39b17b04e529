"""Configurations of the peers."""

import json

from benchmarks.contestants import envoy, haproxy, nginx
from benchmarks.contestants.base import BODY


def test_all_answer_with_the_same_body_of_about_500_bytes():
    """A smaller body would flatter whoever has it."""
    assert len(json.loads(BODY)) == 3
    assert 450 < len(BODY) < 550


def test_haproxy_verifies_signature_and_expiry_before_the_cache():
    """The order of its rules is the order of what it does."""
    text = haproxy.configuration(1, "http://127.0.0.1:2", "secret", has_cache=True)

    assert 0 < text.index("jwt_verify") < text.index("$.exp") < text.index("cache-use")


def test_haproxy_without_cache_caches_nothing():
    """The miss comparison is of forwarding."""
    assert "cache-use" not in haproxy.configuration(1, "http://127.0.0.1:2", "secret", has_cache=False)


def test_envoy_looks_at_the_token_before_the_cache():
    """Filters run in their order."""
    text = json.dumps(envoy.configuration(1, "http://127.0.0.1:2", "secret"))

    assert 0 < text.index("jwt_authn") < text.index("filters.http.cache") < text.index("filters.http.router")


def test_nginx_answers_the_body_itself(tmp_path):
    """No file, no upstream."""
    assert f"return 200 '{BODY.decode()}'" in nginx.configuration(1, tmp_path)
