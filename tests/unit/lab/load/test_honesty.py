"""How far a load can be believed."""

import pytest

from scalelab.lab.load.honesty import judged
from scalelab.lab.load.plan import ClosedLoad, OpenLoad
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.result import result_of

GOOD = [0.05] * 1000


def judge(outcome):
    result = judged(result_of(outcome), outcome)
    return set(result.validities), {caveat.kind for caveat in result.caveats}


def test_a_good_load_is_valid_without_a_word(outcome_of):
    """Nothing to doubt, nothing said."""
    assert judge(outcome_of(completed=GOOD)) == ({"valid"}, set())


def test_every_doubt_has_figures_and_advice(outcome_of):
    """A person knows what to do."""
    outcome = outcome_of(completed=GOOD, generator_cpu_share=0.97)

    (caveat,) = judged(result_of(outcome), outcome).caveats

    assert "97%" in caveat.text
    assert "--processes" in caveat.advice


@pytest.mark.parametrize(
    ("options", "validity", "kind"),
    [
        ({"completed": []}, "no-data", "no-data"),
        ({"is_interrupted": True}, "partial", "interrupted"),
        ({"lost_generators": 1}, "partial", "partial"),
        ({"are_keys_used_up": True}, "partial", "keys-used-up"),
        ({"generator_cpu_share": 0.95}, "generator-limited", "generator-cpu"),
        ({"lag": [0.04] * 100}, "generator-limited", "generator-lag"),
        ({"counts": {"generator_faults": 1}}, "generator-limited", "generator-faults"),
        ({"counts": {"offered": 2000}}, "generator-limited", "generator-slow"),
        ({"counts": {"offered": 1003, "sent": 1003, "censored": 3}}, "censored", "censored"),
        ({"failed": [0.01] * 20}, "too-many-failures", "too-many-failures"),
        ({"failed": [0.01] * 5}, "valid", "some-failures"),
        ({"machine_cpu_share": 0.95}, "valid", "machine-busy"),
        ({"lag": [0.006] * 100}, "valid", "lag"),
        ({"counts": {"waited_for_connection": 5}}, "valid", "waited"),
        ({"statuses": {"302": 9}}, "valid", "redirects"),
        ({"completed": [0.05] * 8}, "valid", "few-samples"),
    ],
)
def test_each_doubt_is_noticed(outcome_of, options, validity, kind):
    """And those that spoil the result are its validity."""
    validities, kinds = judge(outcome_of(**{"completed": GOOD, **options}))

    assert validity in validities
    assert kind in kinds


def test_a_generator_out_of_slots_is_told_from_a_slow_system(outcome_of):
    """All connections busy, half not sent: as fast as at first, or five times slower (k6 1407)."""
    short = {"offered": 2000, "waited_for_connection": 900}
    fast = outcome_of(completed=GOOD, first_latencies=[0.05] * 20, counts=short)
    slow = outcome_of(completed=[0.5] * 1000, first_latencies=[0.05] * 20, counts=short)
    stuck = outcome_of(completed=[], counts=short)

    assert {"generator-out-of-slots", "waited"} <= judge(fast)[1]
    assert judge(fast)[0] == {"generator-limited"}
    assert {"system-slow", "waited"} <= judge(slow)[1]
    assert judge(slow)[0] == {"not-steady"}
    assert "system-slow" in judge(stuck)[1]


def test_the_advice_names_the_connections_needed(outcome_of):
    """rate x latency, by Little's law: 200/s x 50 ms = 10."""
    outcome = outcome_of(
        completed=GOOD, first_latencies=[0.05], counts={"offered": 2000, "waited_for_connection": 9}, connections=5
    )

    result = judged(result_of(outcome), outcome)

    assert "= 10 connections" in result.caveats[0].advice


def test_starving_users_are_flagged(outcome_of):
    """200 users, 1000 answers of 50 ms in 10 s: X R = 5, where are the other 195? (nurl 885)"""
    users = ClosedLoad(users=200)

    validities, _ = judge(outcome_of(completed=GOOD, load=users))

    assert validities == {"little-violated"}


def test_think_time_is_part_of_littles_law(outcome_of):
    """100/s x (0.05 + 1.95) s = 200 users: consistent."""
    users = ClosedLoad(users=200, think_time_min_s=1.9, think_time_max_s=2.0)

    assert judge(outcome_of(completed=GOOD, load=users))[0] == {"valid"}


def rows(in_flight):
    return [
        SecondRow(
            start_s=second,
            end_s=second + 1.0,
            sent=100,
            completed=100,
            failed=0,
            timed_out=0,
            latency_sum_s=5.0,
            in_flight=number,
            cpu_s=0.1,
        )
        for second, number in enumerate(in_flight)
    ]


def test_requests_that_pile_up_are_not_steady(outcome_of):
    """Ten more each second, for a rate that is meant to be constant; a ramp may do so."""
    growing = rows(range(10, 110, 10))

    assert "not-steady" in judge(outcome_of(completed=GOOD, rows=growing))[0]
    assert "not-steady" not in judge(outcome_of(completed=GOOD, rows=rows([50, 52, 49, 51, 50] * 2)))[0]
    assert (
        "not-steady"
        not in judge(
            outcome_of(completed=GOOD, rows=growing, load=OpenLoad(rate_per_s=10, shape="ramp", rates_per_s=(100,)))
        )[0]
    )
