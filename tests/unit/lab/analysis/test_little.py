"""Little's law on measured windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.little import check_little, implied_response_s, implied_users

# The published laboratory: 1000 users, think time 1-2 s; the printed means and rates of its three rows.
PUBLISHED = [
    pytest.param(26.99209, 9.61, 274, 102.6, id="1 gateway, miss"),
    pytest.param(21.74252, 28.95, 673, 33.0, id="3 gateways, miss"),
    pytest.param(1.97126, 271.36, 942, 2.19, id="3 gateways, hit"),
]


@pytest.mark.parametrize(("mean_s", "rate_per_s", "users", "_response_s"), PUBLISHED)
def test_published_rows_imply_fewer_users_than_there_were(mean_s, rate_per_s, users, _response_s):
    """274, 673 and 942 users instead of 1000: the check finds all three inconsistent at 5 %."""
    check = check_little(1000, rate_per_s, mean_s, 1.5)

    assert round(check.implied_users) == users
    assert not check.is_consistent


@pytest.mark.parametrize(("_mean_s", "rate_per_s", "_users", "response_s"), PUBLISHED)
def test_published_rows_imply_longer_responses(_mean_s, rate_per_s, _users, response_s):
    """102.6, 33.0 and 2.19 s, by N / X - Z."""
    assert implied_response_s(1000, rate_per_s, 1.5) == pytest.approx(response_s, rel=0.003)


def test_a_steady_window_is_consistent():
    """1000 users at 64/s with 14.125 s: exactly N."""
    assert check_little(1000, 64.0, 14.125, 1.5).is_consistent


@pytest.mark.parametrize(
    ("implied", "is_consistent"), [(950.0, True), (949.0, False), (1050.0, True), (1051.0, False)]
)
def test_the_tolerance_is_a_share_of_the_configured_users(implied, is_consistent):
    """5 % on either side."""
    assert check_little(1000, implied, 0.5, 0.5).is_consistent is is_consistent


def test_without_a_rate_nothing_is_implied():
    """No division by zero, no infinity."""
    assert implied_response_s(1000, 0.0, 1.5) is None


def test_a_rate_that_the_users_cannot_make_implies_no_negative_response():
    """More than N / Z a second."""
    assert implied_response_s(10, 100.0, 1.0) == 0.0


@given(st.integers(1, 10**6), st.floats(0.001, 1e6), st.floats(0, 100))
def test_the_implied_response_gives_back_the_users(users, rate_per_s, think_s):
    """X (R + Z) = N for R = N / X - Z, unless R would be negative."""
    response_s = implied_response_s(users, rate_per_s, think_s)

    assert implied_users(rate_per_s, response_s, think_s) >= users * (1 - 1e-9)
    if response_s > 0:
        assert implied_users(rate_per_s, response_s, think_s) == pytest.approx(users)
