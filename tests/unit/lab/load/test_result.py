"""The answer of a load."""

import pytest

from scalelab.lab.load.result import LoadResult, result_of


def test_figures_that_were_not_measured_are_null(outcome_of):
    """Zero requests: no rate of its own making, no zeros, no NaN, no crash (gatling 1140)."""
    result = result_of(outcome_of(lag=()))

    assert result.error_share is None
    assert result.latency_intended_s.mean is None
    assert result.generator.lag_p99_s is None
    assert "NaN" not in result.model_dump_json()


def test_a_window_too_short_has_no_rate(outcome_of):
    """Not millions, not NaN (wrk2 138)."""
    outcome = outcome_of(completed=[0.001] * 8)
    outcome.window_s = 0.01

    assert result_of(outcome).rate_per_s is None


def test_the_parts_of_the_mean_are_shown(outcome_of):
    """0.5 s from the intended start, 0.2 s of them since the actual one."""
    result = result_of(outcome_of(completed=[0.5] * 4, actual=[0.2] * 4))

    assert result.parts.wait_mean_s == pytest.approx(0.3)
    assert result.parts.answer_mean_s == pytest.approx(0.2)


def test_the_rate_is_completed_in_the_window_over_its_length(outcome_of):
    """Not the last ten seconds (locust 3384)."""
    assert result_of(outcome_of(completed=[0.1] * 500)).rate_per_s == 50.0


def test_a_result_survives_its_file(outcome_of):
    """JSON and back."""
    result = result_of(outcome_of(completed=[0.1] * 50, timed_out=[1.0]))

    assert LoadResult.model_validate_json(result.model_dump_json()) == result
