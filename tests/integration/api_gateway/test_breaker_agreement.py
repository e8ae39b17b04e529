"""Two gateways and a real Valkey: one opens its breaker, both leave the service alone, both come back."""

import time

import pytest

pytestmark = pytest.mark.integration

STATE = 'scalelab_upstream_breaker_state_ratio{service="database"}'
OPENED = "scalelab_upstream_breaker_opened_total"
SETTINGS = {
    "cache_ttl_s": 0,
    "hit_path": False,
    "upstream_timeout_s": 0.1,
    "breaker_failure_ratio": 0.5,
    "breaker_minimum_attempts": 3,
    "breaker_open_s": 1.0,
    "breaker_probes": 2,
}


def wait_until(is_true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def test_what_one_gateway_finds_out_holds_for_both(start_gateway, services, valkey):
    """Open, half-open and closed at both, whoever asked; without Valkey each goes by what it sees."""
    first, second = [start_gateway(**SETTINGS) for _ in range(2)]
    for gateway in (first, second):
        gateway.login()
    services.delay_s = 0.4
    statuses = [first.ask("GET", "/data?key=1")[0] for _ in range(4)]
    assert wait_until(lambda: second.metric(STATE) > 0)
    services.delay_s = 0.0

    asked_before = len(services.asked)
    assert wait_until(lambda: all(gateway.ask("GET", "/data?key=1")[0] == 200 for gateway in (first, second)))
    assert wait_until(lambda: first.metric(STATE) == second.metric(STATE) == 0)

    assert statuses == [504, 504, 503, 503]  # the login was good
    assert len(services.asked) > asked_before
    assert [gateway.metric(OPENED) for gateway in (first, second)] == [1, 1]

    valkey.kill()
    services.delay_s = 0.4
    assert wait_until(lambda: first.ask("GET", "/data?key=1")[0] == 503)
    assert first.metric(STATE) > second.metric(STATE) == 0
    assert first.metric("scalelab_upstream_breaker_unheard_total") > 0
