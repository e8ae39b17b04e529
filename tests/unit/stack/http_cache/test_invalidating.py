"""What a write makes worthless (RFC 9111 section 4.4)."""

import pytest

from scalelab.stack.http_cache.invalidating import invalidated_urls


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "M-SEARCH"])
def test_a_successful_write_invalidates_what_it_names(stored, method):
    """The URL itself, and Location and Content-Location on the same host."""
    answer = stored(status=201, location="/b?x=1", content_location="http://elsewhere/c")

    assert invalidated_urls(method, "http://here/a", answer) == ("/a", "/b?x=1")


def test_a_failed_write_and_a_read_invalidate_nothing(stored):
    """4xx and 5xx leave the store alone; so does GET."""
    assert invalidated_urls("POST", "http://here/a", stored(status=500)) == ()
    assert invalidated_urls("GET", "http://here/a", stored(status=200)) == ()
