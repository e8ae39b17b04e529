"""Each rule: when it speaks, what it says."""

import pytest

from scalelab.lab.analysis import validity_rules as rules
from scalelab.lab.analysis.fairness import jain_index
from scalelab.lab.analysis.little import check_little
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import CacheCheck, Prediction, ReplicaShare, ServerCheck


def rows_of(**changes):
    return tuple(
        TimelineRow(
            second=second, **{name: value(second) for name, value in {"completed": lambda _: 60, **changes}.items()}
        )
        for second in range(60)
    )


def cache_of(expected, hits, misses):
    return CacheCheck(
        hits=hits, misses=misses, hit_ratio=hits / (hits + misses), expected=expected, required_ratio=0.99
    )


def test_zero_requests_are_no_data(evidence, books):
    """With the reason, and no division by zero."""
    nothing = books(offered=0, sent=0, completed=0, completed_in_drain=0)

    finding = rules.no_data(
        evidence(books=nothing, completed_in_window=0, throughput_per_s=0.0, trouble="no login worked.")
    )

    assert finding.validity == "no-data"
    assert "no login worked." in finding.caveat.text


def test_a_partial_run_says_how_far_it_came_and_why(evidence):
    """Interrupted after 60 of 120 s."""
    finding = rules.partial(evidence(is_partial=True, load_duration_s=120.0, trouble="interrupted"))

    assert finding.validity == "partial"
    assert finding.caveat.text == "The load ended after 60.0 s of 120 s: interrupted."


def test_a_dead_part_is_named(evidence):
    """It describes another system."""
    assert "worker-1" in rules.sut_died(evidence(system_faults=("worker-1 ended",))).caveat.text


def test_censored_requests_are_counted_and_the_implied_mean_is_shown(evidence, books):
    """The published laboratory: 986 in flight at the cut; at 9.61/s with 1000 users the mean is 102.6 s."""
    cut = books(offered=1563, sent=1563, completed=577, censored=986)

    finding = rules.censored(evidence(books=cut, users=1000, throughput_per_s=9.61, oldest_censored_s=50.0))

    assert finding.validity == "censored"
    assert "986 of 1563 requests (63.1%)" in finding.caveat.text
    assert "the mean response would be 103 s" in finding.caveat.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"timeline": rows_of(generator_cpu_s=lambda _: 0.95)}, "95% of a core"),
        ({"timeline": rows_of(generator_lag_s=lambda _: 0.3)}, "0.30 s late"),
        ({"generator_faults": 7}, "7 failures were its own"),
    ],
)
def test_a_generator_at_its_limit(evidence, changes, words):
    """CPU, lag, or faults of its own."""
    finding = rules.generator_limited(evidence(**changes))

    assert finding.validity == "generator-limited"
    assert words in finding.caveat.text


@pytest.mark.parametrize(("not_sent", "is_limited"), [(36, False), (37, True)])
def test_less_than_99_percent_sent_is_the_generators_fault(evidence, books, not_sent, is_limited):
    """Of 3600 offered."""
    short = books(not_sent=not_sent, sent=3600 - not_sent, completed=3600 - not_sent)

    finding = rules.generator_limited(evidence(books=short, not_sent_reasons={"no key left": not_sent}))

    assert (finding is not None) is is_limited


@pytest.mark.parametrize(
    ("expected", "hits", "misses", "is_off"),
    [
        ("hit", 990, 10, False),
        ("hit", 989, 11, True),
        ("miss", 10, 990, False),
        ("miss", 11, 989, True),
        (None, 5, 5, False),
    ],
)
def test_the_cache_must_do_what_the_scenario_says(evidence, expected, hits, misses, is_off):
    """A hit scenario under 99 % hits, a miss scenario over 1 %."""
    assert (rules.hit_ratio_off(evidence(cache=cache_of(expected, hits, misses))) is not None) is is_off


def test_littles_law_broken_without_an_excuse(evidence):
    """274 of 1000 users, nothing censored: something is missing from the books."""
    finding = rules.little_violated(evidence(little=check_little(1000, 9.61, 26.99, 1.5)))

    assert finding.validity == "little-violated"
    assert "imply 274 users" in finding.caveat.text


def test_littles_law_stays_silent_when_requests_were_censored(evidence, books):
    """Then the censored rule speaks, with the implied mean."""
    cut = books(completed=3500, censored=100)

    assert rules.little_violated(evidence(books=cut, little=check_little(1000, 9.61, 26.99, 1.5))) is None


@pytest.mark.parametrize(
    ("failed", "validity"), [(0, "silent"), (36, None), (37, "too-many-failures"), (3600, "too-many-failures")]
)
def test_a_share_of_failures_is_a_gate(evidence, books, failed, validity):
    """Of 3600 requests: up to 1 % is a remark, more is not valid."""
    finding = rules.too_many_failures(evidence(books=books(completed=3600 - failed, failed=failed)))

    assert (finding.validity if finding is not None else "silent") == validity


def test_failures_that_are_the_question_are_a_remark(evidence, books):
    """Under overload refusals are what is looked at: the rate of good answers is the result, and 0 may be it."""
    refused = evidence(
        books=books(completed=600, failed=3000), completed_in_window=0, throughput_per_s=0.0, expects_failures=True
    )

    assert rules.too_many_failures(refused).validity is None
    assert rules.no_data(refused) is None


def test_a_system_that_never_answers_is_no_data_all_the_same(evidence, books):
    """Failures were expected, but not nothing else."""
    dead = evidence(books=books(completed=0, failed=3600), completed_in_window=0, expects_failures=True)

    assert rules.no_data(dead).validity == "no-data"


@pytest.mark.parametrize(("ratio", "speaks"), [(None, False), (0.1, False), (0.3, True)])
def test_a_busy_machine_is_a_remark(evidence, ratio, speaks):
    """Generator and system share the cores."""
    assert (rules.machine_busy(evidence(machine_busy_ratio=ratio)) is not None) is speaks


def prediction_of(rate_per_s, formula="1 gateway x 8 slots / 0.125 s = 64/s"):
    return Prediction(throughput_per_s=rate_per_s, response_mean_s=0.1, binding="upstream slots", formula=formula)


@pytest.mark.parametrize(("rate_per_s", "speaks"), [(60.0, False), (62.9, False), (64.0, True), (50.0, True)])
def test_a_rate_off_the_prediction_is_a_remark(evidence, rate_per_s, speaks):
    """60/s measured: beyond 5 % either way."""
    assert (rules.off_prediction(evidence(prediction=prediction_of(rate_per_s))) is not None) is speaks


def test_near_the_knee_the_advice_is_another(evidence):
    """Queueing explains it; nothing else need take part."""
    finding = rules.off_prediction(evidence(prediction=prediction_of(66.0, "61.5/s; an upper bound: slots are near")))

    assert "queueing" in finding.caveat.advice


@pytest.mark.parametrize(
    ("answers", "least", "most", "is_right"),
    [
        (3600, 3600, 3600, True),
        (3603, 3600, 3600, True),
        (3650, 3600, 3660, True),
        (3500, 3600, 3600, False),
        (3700, 3600, 3660, False),
    ],
)
def test_gateways_and_clients_count_the_same_answers(evidence, answers, least, most, is_right):
    """Whoever gave up may have been answered; nobody is answered whom nobody asked."""
    finding = rules.counts_differ(evidence(server=ServerCheck(answers=answers, least=least, most=most)))

    assert (finding is None) is is_right
    if finding is not None:
        assert finding.validity == "counts-differ"
        assert str(answers) in finding.caveat.text


def test_counts_that_are_not_known_are_not_doubted(evidence):
    """A gateway that was started again has another record: `sut-died`."""
    assert rules.counts_differ(evidence(server=None)) is None


@pytest.mark.parametrize(
    ("answers", "is_even"), [({"a": 100, "b": 100, "c": 100}, True), ({"a": 290, "b": 5, "c": 5}, False)]
)
def test_replicas_that_are_pinned_are_told(evidence, answers, is_even):
    """Jain's index, below 0.95 (undici 3648)."""
    share = ReplicaShare(answers=answers, jain_index=jain_index(answers.values()))

    finding = rules.uneven_replicas(evidence(replicas=share))

    assert (finding is None) is is_even
    if finding is not None:
        assert (finding.validity, finding.caveat.kind) == (None, "uneven-replicas")


def test_replicas_that_were_taken_away_on_purpose_need_not_be_even(evidence):
    """A frozen gateway answers less, as it should."""
    share = ReplicaShare(answers={"a": 290, "b": 5}, jain_index=jain_index([290, 5]))

    assert rules.uneven_replicas(evidence(replicas=share, is_disturbed=True)) is None


def test_one_wrong_answer_is_too_many(evidence):
    """By kind, and the gravest first."""
    finding = rules.wrong_answers(evidence(defects={"torn": 1}))

    assert finding.validity == "wrong-answers"
    assert "1 of 3600 requests had a wrong answer" in finding.caveat.text
    assert rules.wrong_answers(evidence(defects={})) is None
