"""The generator against servers whose truth is known: what it reports is what was."""

import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from scalelab.lab.load.connector import UnresolvedError
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.plan import ClosedLoad, OpenLoad
from scalelab.lab.load.requests import RequestTemplate

pytestmark = pytest.mark.integration


def at_once(*loads):
    """Several loads at the same time: each waits for its server, not for the others."""
    with ThreadPoolExecutor() as threads:
        return [future.result() for future in [threads.submit(load) for load in loads]]


@pytest.fixture(scope="module")
def side_by_side(shared_server, measure):
    """Loads that take little and disturb nobody, run at the same time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    quick, never, refusing = (shared_server(behaviour).url for behaviour in ("quick", "delay=30", "refuse"))
    loads = {
        "closed port": lambda: measure(closed_url, rate=50, duration=0.6),
        "refusals": lambda: measure(refusing, rate=50, duration=0.6),
        "eight requests": lambda: measure(quick, rate=10, duration=0.8),
        "censored": lambda: measure(never, rate=50, duration=0.8, drain_limit_s=0.4, timeout_s=20),
        "timeouts": lambda: measure(never, rate=50, duration=0.6, timeout_s=0.2),
        "warm-up": lambda: measure(quick, rate=100, duration=1, warm_up_s=0.4),
    }
    return dict(zip(loads, at_once(*loads.values()), strict=True))


def test_a_fixed_delay_is_measured(start_server, measure):
    """A server that takes 50 ms takes 50 ms, and both sides count the same requests."""
    server = start_server("delay=0.05")

    result = measure(server.url, rate=100, duration=1)

    assert result.offered == result.sent == result.completed == 100
    assert 0.050 <= result.latency_intended_s.min <= result.latency_intended_s.p50 < 0.080
    assert result.latency_intended_s.p90 <= result.latency_intended_s.max
    assert result.latency_intended_s.p99 is None
    assert result.rate_per_s == pytest.approx(100, rel=0.08)
    assert server.count() == 100


def test_a_freeze_shows_in_median_and_p90(start_server, measure):
    """Frozen for 2.4 s of 4: 60 % of the requests waited, uniformly up to 2.4 s (gatling 2077, locust 2347)."""
    server = start_server("quick")
    pid = server.process.pid
    timers = [
        threading.Timer(0.9, os.kill, (pid, signal.SIGSTOP)),
        threading.Timer(3.3, os.kill, (pid, signal.SIGCONT)),
    ]

    def begin(_pids):
        for timer in timers:
            timer.start()

    result = measure(server.url, rate=100, duration=4, connections=10, started=begin)

    for timer in timers:
        timer.join()
    assert result.completed == 400
    assert 0.15 < result.latency_intended_s.p50 < 0.65
    assert 1.6 < result.latency_intended_s.p90 < 2.3
    assert result.latency_intended_s.max == pytest.approx(2.4, abs=0.3)
    assert result.latency_actual_s.p90 < 0.3  # what a report from the actual start would have said
    assert result.generator.waited_for_connection > 150


def test_a_slow_accept_is_part_of_the_latency(start_server, measure):
    """20 connections/s are accepted, 30 are asked: the wait counts from the intended start to the last byte."""
    server = start_server("accept-slowly")

    result = measure(server.url, rate=30, duration=1.2, drain_limit_s=3)

    assert result.completed == 36
    assert result.latency_intended_s.max == pytest.approx(36 * 0.05 - 1.2 + 0.05, abs=0.35)
    assert result.completed_in_drain > 5


def test_every_tenth_connection_reset_is_a_failure_without_latency(start_server, measure):
    """100 connections, 10 of them reset: 10 failures, 90 latencies."""
    server = start_server("reset-every-tenth")

    result = measure(server.url, rate=100, duration=1)

    assert (result.completed, result.failed) == (90, 10)
    assert result.failure_kinds == {"connection reset": 10}
    assert result.latency_intended_s.count == 90
    assert result.latency_failed_s.count == 0
    assert result.error_share == pytest.approx(0.1)
    assert "too-many-failures" in result.validities


def test_quick_refusals_do_not_beautify_the_latency(shared_server, measure):
    """Good answers and 503s are kept apart; the share of errors stands beside the latency (locust 1363, oha 212)."""
    server = shared_server("refuse-some")
    good, bad = RequestTemplate(url=server.url, weight=3), RequestTemplate(url=server.url + "bad", weight=1)

    result = measure(good, bad, rate=200, duration=1)

    assert result.completed + result.failed == 200
    assert result.statuses == {"200": result.completed, "503": result.failed}
    assert result.latency_intended_s.count == result.completed
    assert result.latency_failed_s.count == result.failed > 20
    assert [route.failed_with_status for route in result.routes] == [0, result.failed]


def test_a_flood_of_refusals_is_no_success(side_by_side):
    """A server that only refuses gives no latency and an invalid result (Hyperfoil 87)."""
    result = side_by_side["refusals"]

    assert result.failure_kinds == {"status 503": 30}
    assert result.latency_intended_s.mean is None
    assert {"no-data", "too-many-failures"} <= set(result.validities)


def test_a_closed_port_gives_errors_without_latency(side_by_side):
    """Refused connections are failures, not answers in 0 ms (locust 207)."""
    result = side_by_side["closed port"]

    assert (result.completed, result.failed) == (0, 30)
    assert result.failure_kinds == {"connection refused": 30}
    assert result.latency_intended_s.count == result.latency_at_least_s.count == 0
    assert "no-data" in result.validities


def test_eight_requests_support_no_percentile(side_by_side):
    """Not estimable is None, never NaN and never the maximum in silence (artillery 198)."""
    result = side_by_side["eight requests"]

    figures = result.latency_intended_s
    assert result.completed == 8
    assert (figures.p50, figures.p90, figures.p99, figures.p99_9) == (None, None, None, None)
    assert figures.min <= figures.mean <= figures.max
    assert any(caveat.kind == "few-samples" and "1000" in caveat.advice for caveat in result.caveats)


def test_answers_in_the_drain_count(shared_server, measure):
    """Requests under way at the end of the duration are waited for."""
    result = measure(shared_server("delay=0.7").url, rate=50, duration=0.8, drain_limit_s=3)

    assert result.completed == 40
    assert result.completed_in_drain >= 30
    assert result.latency_intended_s.max >= 0.7
    assert result.elapsed_s == pytest.approx(1.5, abs=0.4)


def test_answers_beyond_the_drain_are_censored(side_by_side):
    """The drain is bounded; who has no answer then is counted, with the age of the oldest (oha 387, locust 3010)."""
    result = side_by_side["censored"]

    assert (result.sent, result.censored) == (40, 40)
    assert result.oldest_censored_s == pytest.approx(1.2, abs=0.2)
    assert result.latency_at_least_s.count == 40
    assert result.latency_at_least_s.max == result.oldest_censored_s
    assert "censored" in result.validities
    assert result.elapsed_s < 2.5


def test_timeouts_are_entered_as_at_least_the_timeout(side_by_side):
    """A server slower than the client's patience: counted, and no quicker than that patience (k6 277)."""
    result = side_by_side["timeouts"]

    assert (result.sent, result.timed_out) == (30, 30)
    assert result.failure_kinds == {"no answer within 0.2 s": 30}
    assert result.latency_intended_s.count == 0
    assert result.latency_at_least_s.min >= 0.2
    assert result.elapsed_s < 2


def test_an_unknown_host_is_told_before_anything_starts(measure):
    """A name without an address names itself."""
    with pytest.raises(UnresolvedError, match=r"no-such-host\.invalid"):
        measure("http://no-such-host.invalid/")


def test_too_few_connections_are_told_from_a_slow_system(shared_server, measure):
    """One shortfall, two reasons: 2 connections for 50 ms each; a server that does one thing at a time (k6 1407)."""
    urls = [shared_server(behaviour).url for behaviour in ("delay=0.05", "serial")]

    out_of_slots, slow_system = at_once(
        lambda: measure(urls[0], rate=100, duration=1, connections=2),
        lambda: measure(urls[1], rate=150, duration=0.8, connections=20, timeout_s=20),
    )

    assert out_of_slots.not_sent > 40
    assert "generator-out-of-slots" in [caveat.kind for caveat in out_of_slots.caveats]
    assert "generator-limited" in out_of_slots.validities
    assert slow_system.not_sent > 40
    assert "system-slow" in [caveat.kind for caveat in slow_system.caveats]
    assert "not-steady" in slow_system.validities


def test_a_stalled_server_does_not_stretch_the_run(start_server, measure):
    """Duration + drain is a hard limit, however many requests wait (Hyperfoil 155)."""
    server = start_server("quick")
    os.kill(server.process.pid, signal.SIGSTOP)

    result = measure(server.url, rate=2000, duration=0.5, drain_limit_s=0.3, connections=20)

    assert result.offered == 1000
    assert (result.sent, result.censored, result.not_sent) == (20, 20, 980)
    assert result.elapsed_s < 1.3


def test_users_of_a_closed_load_obey_little(shared_server, measure):
    """50 users, 0.2-0.4 s of thinking, 50 ms of waiting: N / (Z + R) = 142/s."""
    load = ClosedLoad(users=50, think_time_min_s=0.2, think_time_max_s=0.4)

    result = measure(shared_server("delay=0.05").url, load=load, duration=2.5, connections=50)

    assert result.rate_per_s == pytest.approx(50 / 0.352, rel=0.12)
    assert result.in_flight_mean == pytest.approx(50 * 0.051 / 0.352, rel=0.25)
    assert "little-violated" not in result.validities


def test_users_without_think_time_saturate(shared_server, measure):
    """8 users against 50 ms, no thinking: 8 / 0.05 = 160/s, and never more than 8 under way."""
    result = measure(shared_server("delay=0.05").url, load=ClosedLoad(users=8), duration=1, connections=8)

    assert result.rate_per_s == pytest.approx(8 / 0.0515, rel=0.12)
    assert result.in_flight_mean == pytest.approx(8, rel=0.05)
    assert result.generator.connections_opened == 8


def test_two_processes_share_one_schedule(start_server, measure):
    """Together they send what one would have sent, and their histograms are merged (artillery 898)."""
    server = start_server("quick")

    result = measure(
        server.url + "?key={key}", rate=300, duration=1, processes=2, keys=KeyPlan(distribution="unique")
    )

    assert result.offered == result.completed == 300
    assert result.latency_intended_s.count == 300
    assert server.count() == 300


def test_unique_keys_never_meet(start_server, measure):
    """No key twice over two processes; when there are none left, the result says so."""
    server = start_server("echo")
    template = RequestTemplate(url=server.url + "r?key={key}", method="PUT", body='{"key":{key}}')

    result = measure(
        template,
        rate=100,
        duration=0.6,
        processes=2,
        keys=KeyPlan(distribution="unique", count=50),
        tokens=("t1", "t2"),
    )

    server.process.kill()
    seen = [line for line in server.process.stdout.read().splitlines() if line.startswith("PUT")]
    assert result.completed == 50
    assert {line.split()[1] for line in seen} == {f"/r?key={key}" for key in range(1, 51)}
    assert all(line.endswith(f'{{"key":{line.split("key=")[1].split()[0]}}}') for line in seen)
    assert {line.partition("Bearer ")[2].partition("|")[0] for line in seen} == {"t1", "t2"}
    assert "keys-used-up" in [caveat.kind for caveat in result.caveats]


def test_every_form_of_an_answer_is_understood(shared_server, measure):
    """Whatever ends an answer ends it here; whatever is none is a failure, not a crash."""
    server = shared_server("quick")
    good = ("chunked", "until-close", "empty", "interim", "moved", "twice", "head")
    bad = {"half": "closed in the middle of an answer", "nonsense": "malformed answer: Error"}
    templates = [
        RequestTemplate(name=path, url=server.url + path, method="HEAD" if path == "head" else "GET")
        for path in (*good, *bad)
    ]

    result = measure(*templates, rate=300, duration=0.8)

    routes = {route.route: route for route in result.routes}
    assert all(route.sent > 5 for route in routes.values())
    assert all(routes[path].completed == routes[path].sent for path in good)
    assert result.failure_kinds == {kind: routes[path].sent for path, kind in bad.items()}


def test_a_certificate_is_checked_unless_told_otherwise(start_server, measure, certificate):
    """Self-signed: refused; accepted with its own file, and when nobody asks."""
    server = start_server("quick", *certificate)

    refused, trusted, unchecked = at_once(
        lambda: measure(server.url, rate=20, duration=0.3),
        lambda: measure(server.url, rate=20, duration=0.3, certificates=certificate[0].read_text()),
        lambda: measure(server.url, rate=20, duration=0.3, is_certificate_checked=False),
    )

    assert (refused.completed, refused.failed) == (0, 6)
    assert next(iter(refused.failure_kinds)).startswith("certificate refused: self")
    assert trusted.completed == unchecked.completed == 6


def test_a_warm_up_stays_out_of_the_latency(side_by_side):
    """Requests meant to start in the warm-up are in the books, not in the figures (k6 1136, locust 1352)."""
    result = side_by_side["warm-up"]

    assert result.completed == 100
    assert result.latency_intended_s.count == 60
    assert result.window_s == pytest.approx(0.6)
    assert result.rate_per_s == pytest.approx(100, rel=0.1)


def test_very_low_and_very_high_rates_have_an_outcome(shared_server, measure):
    """0.1/s sends one request; 100,000/s sends what it can and says what it did not."""
    server = shared_server("quick")

    slow = measure(server.url, rate=0.1, duration=0.3)
    fast = measure(server.url, load=OpenLoad(rate_per_s=100_000), duration=0.5)

    assert (slow.offered, slow.completed, slow.rate_per_s) == (1, 1, None)
    assert fast.offered == 50_000
    assert fast.not_sent > 0
    assert fast.validity != "valid"
