"""Logins, refresh and logout over several gateway processes and a Valkey that is killed and comes back."""

import json
import time

import pytest

pytestmark = pytest.mark.integration
SECOND = 1.0


def wait_until(is_true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def reads_with(gateway, token):
    """The status of a read."""
    gateway.token = token
    return gateway.ask("GET", "/data?key=1")[0]


def refresh(gateway, refresh_token):
    status, headers, body = gateway.ask("POST", "/token/refresh", body={"refresh_token": refresh_token})
    return status, headers, json.loads(body)


@pytest.fixture
def three(start_gateway):
    return [start_gateway() for _ in range(3)]


def test_a_logout_is_seen_by_every_gateway_within_a_second_and_after_all_restarts(three, start_gateway, valkey):
    """Read everywhere before, so that each has it in its memories; then nowhere, whoever starts anew."""
    first = three[0]
    first.login()
    token = first.token
    other = (first.login(), first.token)[1]
    before = [reads_with(gateway, token) for gateway in three for _ in range(3)]

    first.token = token
    status = first.ask("POST", "/logout")[0]
    said_s = time.monotonic()
    seen = [wait_until(lambda one=gateway: reads_with(one, token) == 401, SECOND) for gateway in three]
    took_s = time.monotonic() - said_s

    valkey.kill()
    valkey.start()
    restarted = start_gateway()
    after = [reads_with(gateway, token) for gateway in (*three, restarted)]
    others = [reads_with(gateway, other) for gateway in (*three, restarted)]

    assert (before, status, seen) == ([200] * 9, 204, [True] * 3)
    assert took_s < SECOND
    assert after == [401] * 4
    assert others == [200] * 4


def test_a_refresh_at_one_gateway_counts_at_all_and_a_replay_ends_it_everywhere(three):
    """The next tokens are good everywhere; the spent one, shown anywhere, ends them."""
    first, second, third = three
    first.login()
    spent = first.refresh_token

    status, headers, tokens = refresh(second, spent)
    read = [reads_with(gateway, tokens["access_token"]) for gateway in three]
    replayed = refresh(third, spent)[0]
    ended = [
        wait_until(lambda one=gateway: reads_with(one, tokens["access_token"]) == 401, SECOND) for gateway in three
    ]

    assert (status, headers["Cache-Control"], read) == (200, "no-store", [200] * 3)
    assert replayed == 401
    assert ended == [True] * 3
    assert refresh(first, tokens["refresh_token"])[0] == 401


def test_a_session_survives_the_server_and_a_flush_of_the_cache(gateway, valkey):
    """The append-only file has it; emptying the response cache logs nobody out."""
    flushed = gateway.ask("POST", "/cache/flush", headers=[("X-Scalelab-Stack", "nonce-of-this-test")], admin=True)[0]
    valkey.kill()
    valkey.start()

    assert flushed == 200
    assert refresh(gateway, gateway.refresh_token)[0] == 200


def test_without_the_server_nothing_is_renewed_and_by_default_tokens_count(gateway, valkey):
    """503 with Retry-After; a login without a refresh token; good tokens are let in, counted, with one line."""
    token = gateway.token
    valkey.kill()

    status, headers, _ = refresh(gateway, gateway.refresh_token)
    logout, logout_headers, _ = gateway.ask("POST", "/logout")
    unheard = wait_until(lambda: gateway.metric("scalelab_revocation_silence_seconds") > SECOND)
    read = reads_with(gateway, token)
    gateway.login()

    assert [(status, headers["Retry-After"]), (logout, logout_headers["Retry-After"])] == [(503, "1")] * 2
    assert (unheard, read, gateway.refresh_token) == (True, 200, None)
    assert gateway.metric("scalelab_tokens_unchecked_total") >= 1
    assert gateway.log_file.read_text().count("revocations_unheard") == 1


def test_a_gateway_may_be_told_to_refuse_when_it_cannot_know(start_gateway, valkey):
    """503 while the server is gone, by itself well again when it is back."""
    gateway = start_gateway(revocation_when_unreachable="refuse")
    gateway.login()
    token = gateway.token
    before = reads_with(gateway, token)

    valkey.kill()
    is_shut = wait_until(lambda: reads_with(gateway, token) == 503)
    valkey.start()
    is_open = wait_until(lambda: reads_with(gateway, token) == 200)

    assert (before, is_shut, is_open) == (200, True, True)


def test_guessing_is_counted_over_all_gateways(three):
    """Ten wrong passwords, spread and with forged addresses, and the account waits everywhere."""
    wrong = {"username": "alice", "password": "wrong"}
    statuses = [
        three[number % 3].ask("POST", "/login", body=wrong, headers=[("X-Forwarded-For", f"1.2.3.{number}")])[0]
        for number in range(10)
    ]
    answers = [gateway.ask("POST", "/login", body={"username": "alice", "password": "right"}) for gateway in three]

    assert statuses == [401] * 10
    assert [answer[0] for answer in answers] == [429] * 3
    assert all(1 <= int(answer[1]["Retry-After"]) <= 60 for answer in answers)


def test_a_server_that_forgot_everything_is_told_what_was_revoked(gateway, start_gateway, valkey):
    """It lost its files: a gateway that starts afterwards refuses the token all the same."""
    token = gateway.token
    assert gateway.ask("POST", "/logout")[0] == 204
    valkey.kill()
    valkey.forget()
    valkey.start()
    assert wait_until(lambda: "revocations_given_back" in gateway.log_file.read_text())

    assert wait_until(lambda: reads_with(start_gateway(), token) == 401)
