"""Every figure of a record, from what the load driver left."""

import pytest

from scalelab.lab.record_building import Circumstances, build_record, cache_check
from scalelab.lab.results.measured_files import Measured
from scalelab.lab.results.recording import Answers, LatencyMeasure
from scalelab.lab.results.run_record import Books, TaskCheck, TaskOutcomes


def kinds(record):
    return [caveat.kind for caveat in record.caveats]


def test_rate_and_latency_are_of_the_window(context, measured):
    """1200 answers in 20 s; the mean is exact, percentiles are those the samples support."""
    record = build_record(context, measured(), Circumstances())

    assert record.throughput_per_s == pytest.approx(60.0)
    assert record.latency.count == 1200
    assert record.latency.mean_s == pytest.approx(0.1)
    assert record.latency.p99_s == pytest.approx(0.1, rel=0.001)
    assert record.latency.p99_9_s is None
    assert [(route.route, route.completed) for route in record.routes] == [("/data", 700), ("/process", 500)]
    assert record.load_duration_s == 23.0


def test_littles_law_is_checked_on_everything_that_users_waited_for(context, measured):
    """X (R + Z) = 60 x (0.1 + 1.5) = 96 of 100 users."""
    record = build_record(context, measured(), Circumstances())

    assert record.little.implied_users == pytest.approx(96.0)
    assert record.little.is_consistent


def test_failures_count_for_little_but_not_for_the_headline(context, measured):
    """A user who is refused thinks and asks again: the rate of Little's law includes refusals."""
    refused = LatencyMeasure(
        route="/data", outcome="failed", count=1000, sum_s=10.0, min_s=0.01, max_s=0.01, out_of_range=0
    )
    plain = measured()
    changed = measured(
        answers=(
            Answers(route="/data", completed=700, failed=1000, timed_out=0),
            Answers(route="/process", completed=500, failed=0, timed_out=0),
        ),
        latencies=(*plain.recording.latencies, refused),
    )

    record = build_record(context, changed, Circumstances())

    assert record.throughput_per_s == pytest.approx(60.0)
    assert record.latency.mean_s == pytest.approx(0.1)
    assert record.little.throughput_per_s == pytest.approx(110.0)
    assert record.little.response_mean_s == pytest.approx(130.0 / 2200)


def test_a_hit_scenario_that_misses_is_not_valid(context, measured):
    """95 % of hits are not 99 %."""
    record = build_record(context, measured(), Circumstances())

    assert record.cache.hit_ratio == pytest.approx(0.95)
    assert record.validity == ("hit-ratio-off",)


def test_a_good_run_is_valid(context, measured):
    """Everything as it should be."""
    record = build_record(context, measured(cache_answers={"HIT": 1200}), Circumstances())

    assert record.validity == ("valid",)
    assert record.caveats == ()


def test_a_silent_gateway_shows_in_the_shares(context, measured):
    """Two of three gateways answered: Jain's index is two thirds."""
    record = build_record(context, measured(instances={"api_gateway-1": 600, "api_gateway-3": 600}), Circumstances())

    assert record.replicas.jain_index == pytest.approx(2 / 3)


def test_the_naive_line_is_what_an_ordinary_report_prints(context, measured):
    """Everything that finished before the cut, the ramp included."""
    naive = build_record(context, measured(), Circumstances()).naive

    assert naive.requests == 1393
    assert naive.mean_s == pytest.approx(0.2)
    assert naive.throughput_per_s == pytest.approx(1393 / 23)


@pytest.mark.parametrize(
    ("changes", "circumstances", "validity"),
    [
        ({"is_interrupted": True}, Circumstances(), "partial"),
        ({"is_final": False}, Circumstances(), "partial"),
        ({}, Circumstances(is_partial=True, trouble="interrupted"), "partial"),
        ({}, Circumstances(system_faults=("api_gateway-2 (process 7) did not live",)), "sut-died"),
        ({"generator_faults": 3}, Circumstances(), "generator-limited"),
        (
            {
                "books": Books(
                    offered=1400,
                    not_sent=0,
                    sent=1400,
                    completed=1300,
                    failed=0,
                    timed_out=0,
                    censored=100,
                    completed_in_drain=0,
                ),
                "oldest_in_flight_s": 53.0,
            },
            Circumstances(),
            "censored",
        ),
    ],
)
def test_what_is_wrong_stands_in_the_validity(context, measured, changes, circumstances, validity):
    """Whatever else there is to say."""
    record = build_record(context, measured(**{"cache_answers": {"HIT": 1200}, **changes}), circumstances)

    assert validity in record.validity
    assert validity in kinds(record)


def test_a_scenario_that_never_ran_has_no_figures(context):
    """Nothing on disk: null, never 0, and the reason."""
    record = build_record(context, Measured(None, (), {}), Circumstances(trouble="still busy after 120 s"))

    assert record.validity == ("no-data",)
    assert record.throughput_per_s is None
    assert record.latency.mean_s is None
    assert record.little is None
    assert record.naive.mean_s is None
    assert "still busy after 120 s" in record.caveats[0].text


def test_a_lost_histogram_leaves_the_mean(context, measured):
    """The exact sums are in the recording; percentiles are not, and are null."""
    whole = measured()

    record = build_record(context, Measured(whole.recording, whole.timeline, {}), Circumstances())

    assert record.latency.mean_s == pytest.approx(0.1)
    assert record.latency.p50_s is None


@pytest.mark.parametrize(
    ("answers", "hits", "misses", "ratio"),
    [
        ({"HIT": 3, "MISS": 1}, 3, 1, 0.75),
        ({"HIT": 1, "STALE": 1, "COALESCED": 1, "BYPASS": 1}, 2, 2, 0.5),
        ({"none": 5}, 0, 0, None),
        ({}, 0, 0, None),
    ],
)
def test_only_answers_from_the_cache_are_hits(answers, hits, misses, ratio):
    """A stale answer came from the cache, a coalesced one did not; what tells nothing counts as nothing."""
    check = cache_check(answers, "hit")

    assert (check.hits, check.misses, check.hit_ratio) == (hits, misses, ratio)


@pytest.mark.parametrize(
    ("changes", "executed", "defects", "validity"),
    [
        ({"tasks_handed_in": 20}, 20, {}, ("valid",)),
        ({"tasks_handed_in": 20}, 23, {"done twice": 3}, ("wrong-answers",)),
        ({"tasks_handed_in": 20}, None, {}, ("valid",)),
        ({"tasks_handed_in": 20, "is_final": False}, 23, {}, ("partial",)),
    ],
)
def test_a_task_that_was_executed_twice_makes_the_run_not_valid(
    context, measured, changes, executed, defects, validity
):
    """Though every answer was good; a load that was killed did not tell all that it had handed in."""
    circumstances = Circumstances(task_executions=executed)

    record = build_record(context, measured(cache_answers={"HIT": 1200}, **changes), circumstances)

    assert (record.defects, record.validity) == (defects, validity)
    assert (record.tasks is not None) is (executed is not None and "is_final" not in changes)


def test_a_task_that_was_acknowledged_and_lost_makes_the_run_not_valid(context, measured):
    """Also where the executions cannot be counted, because a worker was started again."""
    outcomes = TaskOutcomes(acknowledged=20, looked_up=20, succeeded=19, given_up=0, lost=1)

    record = build_record(
        context, measured(cache_answers={"HIT": 1200}, tasks_handed_in=20), Circumstances(task_outcomes=outcomes)
    )

    assert (record.defects, record.validity) == ({"lost": 1}, ("wrong-answers",))
    assert record.tasks == TaskCheck(handed_in=20, executed=None, outcomes=outcomes)
