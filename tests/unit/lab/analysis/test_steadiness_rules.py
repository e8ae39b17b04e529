"""Steady or not, from the seconds of the window; and how long a run that was too short would have to be."""

import pytest

from scalelab.lab.analysis import steadiness_rules as rules
from scalelab.lab.results.recording import TimelineRow


def rows_of(**changes):
    return tuple(
        TimelineRow(
            second=second, **{name: value(second) for name, value in {"completed": lambda _: 60, **changes}.items()}
        )
        for second in range(60)
    )


def published(evidence, gateways, response_of):
    """A thousand users before one slot of 104 ms per gateway; `response_of` the second, the mean of its answers."""
    rate = gateways / 0.104
    timeline = rows_of(
        completed=lambda _: round(rate),
        in_flight=lambda _: 980,
        latency_sum_s=lambda second: round(rate) * response_of(second),
    )
    return evidence(users=1000, throughput_per_s=rate, timeline=timeline)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"completed": lambda second: 40 + second}, "completions drifted"),
        ({"in_flight": lambda second: 10 + 2 * second}, "requests in flight drifted by +94"),
    ],
)
def test_a_drift_over_the_window_is_not_steady(evidence, changes, words):
    """Of the rate by a tenth, or of the requests in flight by a twentieth of the users."""
    finding = rules.not_steady(evidence(timeline=rows_of(**changes)))

    assert finding.validity == "not-steady"
    assert words in finding.caveat.text


def test_the_published_laboratory_with_one_gateway_was_far_from_steady(evidence):
    """Rate and queue stand still, yet each answer is older than the last; a round is longer than the window."""
    finding = rules.not_steady(published(evidence, 1, lambda second: 0.9 * second))

    assert "no steady part was found" in finding.caveat.text
    assert "a round of one user takes 104 s" in finding.caveat.text
    assert "set load.duration_s to 220 or more" in finding.caveat.advice


def test_with_three_gateways_the_window_was_long_enough_for_one_round_but_not_for_a_steady_part(evidence):
    """33 s from about the 43rd second on, and the load ends at the 60th."""
    finding = rules.not_steady(published(evidence, 3, lambda second: min(33.0, 0.77 * second)))

    assert "no steady part was found" in finding.caveat.text
    assert "set load.duration_s to 90 or more" in finding.caveat.advice


def test_a_response_that_settles_early_in_the_window_is_steady(evidence):
    """Three gateways of eight slots: 5 s for some seconds, then 14 s: cut off by the truncation."""
    timeline = rows_of(latency_sum_s=lambda second: 60 * (5.0 if second < 17 else 14.0 + 0.1 * (second % 2)))

    assert rules.not_steady(evidence(users=1000, throughput_per_s=60.0, timeline=timeline)) is None


@pytest.mark.parametrize("ripple_s", [0.0, 0.001, 0.02])
def test_a_plateau_that_rises_by_a_ripple_is_steady(evidence, ripple_s):
    """One gateway of eight slots: 5 s rising to 14.1 s in ten seconds, then the wave that the ramp left behind."""

    def response_of(second):
        return min(5.0 + 1.2 * (second - 12), 14.1) + ripple_s * second

    timeline = rows_of(latency_sum_s=lambda second: 60 * response_of(second))

    assert rules.not_steady(evidence(users=1000, throughput_per_s=64.0, timeline=timeline)) is None


def test_a_drift_of_some_milliseconds_does_not_matter(evidence):
    """It moves a thousandth of the users."""
    timeline = rows_of(latency_sum_s=lambda second: 60 * (0.005 + 0.0001 * second))

    assert rules.not_steady(evidence(timeline=timeline)) is None


def test_a_short_window_says_that_steadiness_is_unknown(evidence):
    """Valid, with a caveat."""
    finding = rules.steadiness_unknown(evidence(timeline=rows_of()[:18]))

    assert finding.validity is None
    assert "6 whole seconds" in finding.caveat.text


def test_without_a_rate_no_duration_is_advised(evidence):
    """There is no round whose length could be told."""
    assert rules.needed_duration_s(evidence(throughput_per_s=None)) is None


@pytest.mark.parametrize(("sent", "is_steady"), [(60, True), (63, True), (70, False), (96, False)])
def test_an_open_load_that_comes_in_faster_than_it_goes_out_is_not_steady(evidence, sent, is_steady):
    """However even both rates are; a twentieth may be chance."""
    finding = rules.not_steady(
        evidence(users=0, timeline=rows_of(sent=lambda _: sent, in_flight=lambda _: 5, latency_sum_s=lambda _: 6.0))
    )

    assert (finding is None) is is_steady
    if finding is not None:
        assert f"{sent}.0 requests/s came in and 60.0 went out" in finding.caveat.text
        assert "load.rate_per_s" in finding.caveat.advice


def test_a_system_that_is_disturbed_on_purpose_is_not_meant_to_be_steady(evidence):
    """What would be a drift is then the question."""
    timeline = rows_of(completed=lambda second: 40 + second)

    assert rules.not_steady(evidence(timeline=timeline)) is not None
    assert rules.not_steady(evidence(timeline=timeline, is_disturbed=True)) is None
