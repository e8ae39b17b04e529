"""What a shared cache may keep (RFC 9111 section 3)."""

import pytest

from scalelab.stack.http_cache.storing import may_store, stored_fields


@pytest.mark.parametrize(
    ("cache_control", "expected"),
    [
        ("max-age=60", True),
        ("max-age=60, no-store", False),
        ("max-age=60, nO-StOrE", False),
        ("max-age=60, private", False),
        ('max-age=60, private="x"', False),
        ("no-cache, max-age=60", True),
        (None, False),
        ("max-age=60, no-store, must-understand", True),
    ],
)
def test_directives_of_the_response(stored, asked, cache_control, expected):
    """no-store and private are never kept; no-cache is, to be validated."""
    assert may_store(asked(), stored(cache_control)) is expected


def test_an_unknown_status_that_must_be_understood_is_not_kept(stored, asked):
    """must-understand with a status that nobody has defined."""
    assert not may_store(asked(), stored("max-age=60, must-understand", status=599))
    assert may_store(asked(), stored("max-age=60", status=599))


@pytest.mark.parametrize("cache_control", ["max-age=60, public", "s-maxage=60", "max-age=60, must-revalidate"])
def test_behind_authorization_only_what_says_so_is_shared(stored, asked, cache_control):
    """C01: RFC 9111 section 3.5."""
    request = asked(authorization="Bearer a")

    assert may_store(request, stored(cache_control))
    assert not may_store(request, stored("max-age=60"))


def test_a_cookie_is_not_shared(stored, asked):
    """C08: one client's cookie is not handed to all."""
    response = stored("max-age=60", set_cookie="sid=a")

    assert not may_store(asked(), response)


@pytest.mark.parametrize("vary", ["*", "*, *", ", *", "*, Foo", ["Foo", "*"]])
def test_what_varies_on_everything_is_not_kept(stored, asked, vary):
    """C09: Vary: * in every spelling."""
    assert not may_store(asked(), stored("max-age=60", vary=vary))


@pytest.mark.parametrize("status", [100, 206, 304])
def test_statuses_that_are_no_whole_answer(stored, asked, status):
    """Interim, partial and 304 responses are not stored as answers."""
    assert not may_store(asked(), stored("max-age=60", status=status))


def test_only_end_to_end_fields_are_kept(stored):
    """C39: hop-by-hop fields, those named by Connection included, are not stored."""
    response = stored("max-age=60", connection="X-Foo", x_foo="1", transfer_encoding="chunked", etag='"a"')

    assert list(stored_fields(response)) == [("cache-control", "max-age=60"), ("etag", '"a"')]
