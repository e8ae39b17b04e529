"""Age and lifetime (RFC 9111 section 4.2)."""

import pytest

from scalelab.stack.http_cache.freshness import (
    current_age_s,
    freshness_lifetime_s,
    is_fresh,
    is_within_stale_window,
)


@pytest.mark.parametrize(
    ("cache_control", "lifetime_s"),
    [
        ("max-age=60", 60),
        ("max-age=60, s-maxage=10", 10),
        ("s-maxage=60, max-age=10", 60),
        ("max-age=0", 0),
        ("public", 0),
    ],
)
def test_a_shared_cache_prefers_its_own_lifetime(stored, cache_control, lifetime_s):
    """s-maxage before max-age."""
    assert freshness_lifetime_s(stored(cache_control)) == lifetime_s


def test_max_age_wins_over_expires(stored, date):
    """max-age=0 with a future Expires is stale; a positive one with a past Expires is fresh."""
    assert freshness_lifetime_s(stored("max-age=0", date=date(0), expires=date(100))) == 0
    assert freshness_lifetime_s(stored("max-age=9", date=date(0), expires=date(-100))) == 9


def test_expires_counts_from_date(stored, date):
    """The lifetime is Expires minus Date, also when the origin's clock is off."""
    assert freshness_lifetime_s(stored(date=date(-50), expires=date(10))) == 60
    assert freshness_lifetime_s(stored(date="nonsense", expires=date(10))) == 10
    assert freshness_lifetime_s(stored(date=date(0), expires="0")) == 0
    assert freshness_lifetime_s(stored(date=date(0), expires=[date(10), date(20)])) == 0


@pytest.mark.parametrize("age", ["abc", "-1", "7.0", "old, 0", "0, old", ["0", "0"], "0, 0", "0;x"])
def test_an_age_that_is_not_one_number_makes_it_stale(stored, start_s, age):
    """Nobody knows how old it is, so it is not fresh."""
    assert not is_fresh(stored("max-age=3600", age=age), start_s)


def test_age_adds_what_was_spent_upstream_and_here(stored, start_s, date):
    """The larger of Age and the Date's distance, and then the time in this store."""
    assert current_age_s(stored("max-age=60", age="30"), start_s + 5) == 35
    assert current_age_s(stored("max-age=60", date=date(-20)), start_s + 5) == 25


def test_a_tenth_of_the_time_since_the_last_change_is_guessed(stored, date):
    """Heuristic freshness: only for statuses that allow it, or `public`, and at most a day."""
    hour_ago = date(-3600)

    assert freshness_lifetime_s(stored(date=date(0), last_modified=hour_ago)) == 360
    assert freshness_lifetime_s(stored(status=403, date=date(0), last_modified=hour_ago)) == 0
    assert freshness_lifetime_s(stored("public", status=599, date=date(0), last_modified=hour_ago)) == 360
    assert freshness_lifetime_s(stored(date=date(0), last_modified=date(-(10**8)))) == 86_400


def test_targeted_directives_replace_the_others(stored, date):
    """CDN-Cache-Control (RFC 9213) and Surrogate-Control decide for a cache like this one."""
    assert freshness_lifetime_s(stored("max-age=1", cdn_cache_control="max-age=60")) == 60
    assert freshness_lifetime_s(stored("no-store", surrogate_control="max-age=60", expires=date(9))) == 60
    assert freshness_lifetime_s(stored("max-age=1", surrogate_control="max-age=60;elsewhere")) == 1


def test_the_stale_window_ends(stored, start_s):
    """C25: after max-age + window, a stale answer is not served; must-revalidate forbids it at once."""
    response = stored("max-age=1, stale-while-revalidate=60")

    assert is_within_stale_window(response, "stale-while-revalidate", start_s + 61)
    assert not is_within_stale_window(response, "stale-while-revalidate", start_s + 62)
    strict = stored("max-age=1, stale-while-revalidate=60, must-revalidate")
    assert not is_within_stale_window(strict, "stale-while-revalidate", start_s + 2)
