"""The decision over a stored response (RFC 9111 section 4, RFC 5861)."""

import pytest

from scalelab.stack.http_cache.reuse import decide_reuse, may_serve_on_error


@pytest.mark.parametrize(
    ("cache_control", "wish", "after_s", "verdict"),
    [
        ("max-age=60", None, 10, "fresh"),
        ("max-age=60", None, 61, "validate"),
        ("max-age=60, no-cache", None, 10, "validate"),
        ("max-age=60", "no-cache", 10, "validate"),
        ("max-age=60", "max-age=0", 0, "validate"),
        ("max-age=60", "max-age=5", 10, "validate"),
        ("max-age=60", "min-fresh=55", 10, "validate"),
        ("max-age=60", "max-stale", 100, "stale-allowed"),
        ("max-age=60", "max-stale=10", 100, "validate"),
        ("max-age=60, must-revalidate", "max-stale", 100, "validate"),
        ("max-age=1, stale-while-revalidate=60", None, 2, "stale-while-revalidate"),
        ("max-age=1, stale-while-revalidate=60", None, 62, "validate"),
    ],
)
def test_what_to_do_with_it(stored, asked, start_s, cache_control, wish, after_s, verdict):
    """Response and request directives together."""
    request = asked(cache_control=wish) if wish else asked()

    assert decide_reuse(request, stored(cache_control), start_s + after_s).verdict == verdict


def test_pragma_counts_only_without_cache_control(stored, asked, start_s):
    """RFC 9111 section 5.4."""
    response = stored("max-age=60")

    assert decide_reuse(asked(pragma="no-cache"), response, start_s).verdict == "validate"
    assert decide_reuse(asked(pragma="no-cache", cache_control="max-age=9"), response, start_s).verdict == "fresh"


@pytest.mark.parametrize(
    ("cache_control", "after_s", "expected"),
    [
        ("max-age=1, stale-if-error=60", 30, True),
        ("max-age=1, stale-if-error=60", 62, False),
        ("max-age=1, stale-if-error=60, must-revalidate", 30, False),
        ("max-age=1", 30, False),
    ],
)
def test_a_failing_origin_may_be_covered(stored, asked, start_s, cache_control, after_s, expected):
    """C26: stale-if-error within its window, and never against must-revalidate."""
    assert may_serve_on_error(asked(), stored(cache_control), start_s + after_s) is expected
