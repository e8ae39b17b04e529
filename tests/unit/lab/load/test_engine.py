"""The loop of every load, on a stage without sockets or sleep."""

import base64
import hashlib

import pytest

from scalelab.lab.correctness.proofs import check_for
from scalelab.lab.load.arrivals import EvenArrivals, constant
from scalelab.lab.load.closed_loop import UserPacer
from scalelab.lab.load.connection import ProvingConnection
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.mix import request_stream
from scalelab.lab.load.open_loop import ScheduledPacer
from scalelab.lab.load.requests import Request, RequestTemplate
from scalelab.lab.load.targets import Origin

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

ORIGIN = Origin("http", "somewhere", 80)
THREE_KEYS = KeyPlan(distribution="unique", count=3)


def at_rate(rate, duration_s=1.0):
    return ScheduledPacer(EvenArrivals(constant(rate, duration_s)))


def balance(tally):
    counts = tally.counts
    assert counts["sent"] == sum(counts[name] for name in ("completed", "failed", "timed_out", "censored"))
    return [counts[name] for name in ("offered", "sent", "completed", "failed", "timed_out", "censored")]


def test_requests_go_out_at_their_time(stage):
    """100/s for a second: 100 requests, each within the timer's step of its time, each answered."""
    stage.engine(at_rate(100))

    tally = stage.run()

    assert balance(tally) == [100, 100, 100, 0, 0, 0]
    assert [time for time, _ in stage.requests] == pytest.approx([1000 + n / 100 for n in range(100)], abs=0.0003)
    assert tally.latencies("intended", "completed").max_s == pytest.approx(0.01, abs=0.0003)
    assert tally.lag.max_s < 0.0003
    assert len(stage.connections) <= 3


def test_close_arrivals_share_a_wake_up(stage):
    """100,000/s does not wake the timer 100,000 times a second."""
    stage.engine(at_rate(100_000, 0.1), duration_s=0.1, connections=5000)

    tally = stage.run()

    assert balance(tally)[:3] == [10_000, 10_000, 10_000]
    assert stage.alarms < 1500
    assert tally.lag.max_s < 0.0005


def test_a_request_without_a_connection_waits_and_its_latency_counts(stage):
    """The server stands still from 0.2 to 0.8 s: with 2 connections the rest waits, and is no lag of ours."""
    stage.answer = lambda now_s, _number: [(max(0.001, 1000.8 - now_s) if now_s >= 1000.2 else 0.001, OK)]
    stage.engine(at_rate(100), connections=2)

    tally = stage.run()

    intended, actual = (tally.latencies(base, "completed") for base in ("intended", "actual"))
    assert balance(tally) == [100, 100, 100, 0, 0, 0]
    assert intended.at_rank(90) > 0.4
    assert sorted([intended.max_s, actual.max_s]) == pytest.approx([0.6, 0.6], abs=0.02)
    assert actual.at_rank(90) < 0.01
    assert tally.counts["waited_for_connection"] == pytest.approx(60, abs=2)
    assert tally.lag.max_s < 0.001


def test_what_waits_at_the_end_is_not_sent(stage):
    """One connection, answers of 0.3 s, 10/s: the fourth is under way at the end, the rest was offered only."""
    stage.answer = lambda _now_s, _number: [(0.3, OK)]
    stage.engine(at_rate(10), connections=1)

    tally = stage.run()

    assert balance(tally) == [10, 4, 4, 0, 0, 0]
    assert tally.not_sent == 6
    assert tally.counts["completed_in_drain"] == 1


def test_the_drain_is_bounded_and_the_rest_censored(stage):
    """No answer ever: at duration + drain everything ends; each is known to be as old as it is."""
    stage.answer = lambda _now_s, _number: []
    engine = stage.engine(at_rate(10), drain_limit_s=0.5)

    tally = stage.run()

    assert balance(tally) == [10, 10, 0, 0, 0, 10]
    assert engine.now_s() == pytest.approx(1.5, abs=0.06)
    assert tally.censored_ages.max_s == pytest.approx(1.5, abs=0.06)
    assert tally.censored_ages.min_s == pytest.approx(0.6, abs=0.06)


def test_a_request_is_given_up_after_its_timeout(stage):
    """Counted once, its connection broken off, a late answer ignored."""
    stage.answer = lambda _now_s, number: [(0.01, OK)] if number > 1 else [(0.5, OK)]
    stage.engine(at_rate(10), timeout_s=0.2)

    tally = stage.run()

    assert balance(tally) == [10, 10, 9, 0, 1, 0]
    assert tally.latencies("intended", "timed_out").min_s == pytest.approx(0.2)


def test_a_connection_that_cannot_be_opened_is_a_failure(stage):
    """With its kind; a fault of this machine is told apart."""
    stage.connect_fault = ("generator: no descriptor left", True)
    stage.engine(at_rate(10))

    tally = stage.run()

    assert balance(tally) == [10, 10, 0, 10, 0, 0]
    assert tally.counts["generator_faults"] == 10
    assert tally.latencies("intended", "failed").count == 0


def test_connecting_is_part_of_the_latency(stage):
    """0.2 s to connect and 0.01 s to answer: 0.21 s, and the parts are known (k6 docs)."""
    stage.connect_s = 0.2
    stage.engine(at_rate(10), most_requests=1)

    tally = stage.run()

    assert tally.latencies("intended", "completed").max_s == pytest.approx(0.21)
    assert tally.connect.max_s == pytest.approx(0.2)


def test_a_lost_connection_is_replaced(stage):
    """Every second answer is a loss: failures, and the load goes on."""
    stage.answer = lambda _now_s, number: [(0.01, OK if number % 2 else None)]
    stage.engine(at_rate(20))

    tally = stage.run()

    assert balance(tally) == [20, 20, 10, 10, 0, 0]
    assert tally.failure_kinds == {"closed without an answer": 10}


def test_an_interruption_ends_at_once(stage):
    """At 0.55 s of 10: what was sent stays, what was under way is censored, offered means until then."""
    stage.answer = lambda _now_s, _number: [(0.2, OK)]
    engine = stage.engine(at_rate(10, 10), duration_s=10)
    stage.after(0.55, engine.interrupt)

    tally = stage.run()

    assert engine.is_interrupted
    assert balance(tally) == [6, 6, 4, 0, 0, 2]
    assert stage.recorder.window.end_s == pytest.approx(0.55)


def test_keys_used_up_end_the_load(stage):
    """Nothing more is sent, and that is known."""
    next_request = request_stream((RequestTemplate(url="http://somewhere/{key}"),), THREE_KEYS)
    engine = stage.engine(at_rate(10), next_request=next_request)

    tally = stage.run()

    assert engine.are_keys_used_up
    assert [data.split()[1] for _, data in stage.requests] == [b"/1", b"/2", b"/3"]
    assert tally.counts["completed"] == 3


def test_a_number_of_requests_is_enough(stage):
    """Stop after eight: eight offered, eight sent."""
    stage.engine(at_rate(100), most_requests=8)

    assert balance(stage.run()) == [8, 8, 8, 0, 0, 0]


def test_users_wait_for_their_answers(stage):
    """Two users, 0.1 s of thinking, 0.1 s of waiting: 10/s, never more than two under way."""
    stage.answer = lambda _now_s, _number: [(0.1, OK)]
    stage.engine(UserPacer(2, 0.1, 0.1, seed=1), duration_s=10)

    tally = stage.run()

    assert tally.counts["completed_in_window"] / 10 == pytest.approx(10, rel=0.03)
    assert len(stage.connections) == 2
    assert tally.not_sent == 0
    assert tally.in_flight_s / 10 == pytest.approx(1.0, rel=0.05)


def test_users_who_never_think_saturate(stage):
    """Three users on answers of 10 ms: 300/s, sent in the moment of the answer before."""
    stage.engine(UserPacer(3, 0, 0, seed=1), duration_s=1, connections=3)

    tally = stage.run()

    assert tally.counts["completed"] == pytest.approx(300, abs=4)


def test_a_generator_that_oversleeps_shows_lag(stage):
    """Woken 50 ms late: the lag is recorded, and the latency counts from the intended start."""
    engine = stage.engine(at_rate(10))
    stage.after(0.25, lambda: setattr(stage, "clock_s", stage.clock_s + 0.1))

    tally = stage.run()

    assert engine.is_over
    assert tally.lag.max_s == pytest.approx(0.05, abs=0.01)
    assert tally.latencies("intended", "completed").max_s == pytest.approx(0.06, abs=0.01)


def test_a_wrong_answer_is_a_failure_of_its_kind(stage):
    """A good status is not enough: it is counted by what is wrong, and not among the good latencies."""
    request = Request(b"GET / HTTP/1.1\r\n\r\n", 0, ORIGIN, is_head=False, check=check_for("content-digest", 0))
    told = b"sha-256=:" + base64.b64encode(hashlib.sha256(b"ok").digest()) + b":"
    good, torn = (
        b"HTTP/1.1 200 OK\r\nContent-Digest: %b\r\nContent-Length: 2\r\n\r\n%b" % (told, body)
        for body in (b"ok", b"no")
    )
    stage.answer = lambda _now_s, number: [(0.01, torn if number % 10 == 0 else good)]
    stage.engine(at_rate(100), next_request=lambda _user: request, make_connection=ProvingConnection)

    tally = stage.run()

    assert (tally.counts["completed"], tally.counts["failed"]) == (90, 10)
    assert tally.defects == {"torn": 10}
    assert tally.failure_kinds == {"wrong answer: torn": 10}
    assert tally.latencies("intended", "completed").count == 90
    assert tally.statuses == {"200": 100}
    balance(tally)
