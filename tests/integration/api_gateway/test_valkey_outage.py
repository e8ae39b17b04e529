"""Valkey that hangs: bounded waits, memory shut, one log line, and all well again by itself."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.integration

HOT_ANSWERS = 'scalelab_hit_path_answers_total{route="/data"}'


def wait_until(is_true, limit_s=10.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def is_hot(gateway):
    """Whether a read is answered from memory."""
    before = gateway.metric(HOT_ANSWERS)
    for _ in range(3):
        gateway.ask("GET", "/data?key=1")
    return gateway.metric(HOT_ANSWERS) > before


def ask_on_keep_alive(gateway, times):
    """The longest of so many reads, and their statuses."""
    longest_s, statuses = 0.0, set()
    for _ in range(times):
        began_s = time.monotonic()
        statuses.add(gateway.ask("GET", "/data?key=1")[0])
        longest_s = max(longest_s, time.monotonic() - began_s)
    return longest_s, statuses


def test_a_valkey_that_hangs(gateway, services, valkey):
    """C42: reads go on, soon without waiting; writes are refused; afterwards everything is as before."""
    assert wait_until(lambda: is_hot(gateway))
    os.kill(valkey.process.pid, signal.SIGSTOP)
    try:
        time.sleep(1.0)  # longer than a lease
        was_hot = is_hot(gateway)
        longest_s, statuses = ask_on_keep_alive(gateway, 40)
        write = gateway.ask("PUT", "/data?key=1", body={"value": "new"})[0]
    finally:
        os.kill(valkey.process.pid, signal.SIGCONT)
    is_hot_again = wait_until(lambda: is_hot(gateway))
    is_writable_again = wait_until(
        lambda: gateway.ask("PUT", "/data?key=1", body={"value": "newer"})[0] == 200, limit_s=5.0
    )

    assert not was_hot
    assert statuses == {200}
    assert longest_s < 0.5
    assert write == 503
    assert is_hot_again
    assert is_writable_again
    assert b"newer" in gateway.ask("GET", "/data?key=1")[2]
    assert gateway.log_file.read_text().count("cache_outage_began") == 1


def test_a_crowd_in_front_of_a_valkey_that_hangs(start_gateway, services, valkey):
    """B33: as many as fit are served, as many as may wait, all others hear 503 at once; nothing piles up."""
    gateway = start_gateway(upstream_slots=2, slot_queue_limit=4, hit_path=False)
    gateway.login()
    services.delay_s = 0.2
    os.kill(valkey.process.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(40) as crowd:
            answers = list(crowd.map(lambda key: gateway.ask("GET", f"/data?key={key}"), range(1, 81)))
    finally:
        os.kill(valkey.process.pid, signal.SIGCONT)

    told = {(status, headers["Retry-After"]) for status, headers, _ in answers}
    assert told == {(200, None), (503, "1")}
    assert gateway.metric("scalelab_requests_shed_total") == sum(status == 503 for status, _, _ in answers)
    assert gateway.metric("scalelab_upstream_slots_in_use") == gateway.metric("scalelab_upstream_queue_length") == 0
