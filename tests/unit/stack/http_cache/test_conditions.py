"""Conditional requests towards the client and towards the origin."""

import pytest

from scalelab.stack.http_cache.conditions import fields_of_304, freshened, is_not_modified, validating_fields
from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields


@pytest.mark.parametrize(
    ("condition", "expected"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_if_none_match_compares_weakly(stored, asked, condition, expected):
    """A list, a weak tag and the star."""
    request = asked(if_none_match=condition)

    assert is_not_modified(request.fields, stored("max-age=60", etag='"a"')) is expected


def test_if_none_match_goes_before_if_modified_since(stored, asked, date):
    """C12: a tag that does not match means 200, whatever the date says."""
    request = asked(if_none_match='"b"', if_modified_since=date(0))

    assert not is_not_modified(request.fields, stored(etag='"a"', last_modified=date(-10)))


def test_if_modified_since_compares_dates(stored, asked, date):
    """Last-Modified, else Date, in any format."""
    request = asked(if_modified_since=date(0))

    assert is_not_modified(request.fields, stored(last_modified=date(-10)))
    assert is_not_modified(request.fields, stored(date=date(0)))
    assert not is_not_modified(request.fields, stored(last_modified=date(10)))
    assert not is_not_modified(asked(if_modified_since="nonsense").fields, stored(last_modified=date(-10)))


def test_both_validators_are_sent(stored, date):
    """The origin gets the tag and the date."""
    fields = validating_fields(stored(etag='"a"', last_modified=date(-10)))

    assert list(fields) == [("if-none-match", '"a"'), ("if-modified-since", date(-10))]


def test_a_304_updates_fields_but_not_what_describes_the_body(stored, start_s):
    """C14: new Cache-Control and new fields count; content fields and the tag stay."""
    old = stored("max-age=1", etag='"a"', x="old", content_encoding="gzip", age="7", y="kept")
    news = Fields([("Cache-Control", "max-age=60"), ("X", "new"), ("Content-Encoding", "br"), ("ETag", '"b"')])

    fresh = freshened(old, Response(304, news, b"", start_s + 10, start_s + 11))

    assert fresh.fields.only("cache-control") == "max-age=60"
    assert fresh.fields.only("x") == "new"
    assert fresh.fields.only("y") == "kept"
    assert fresh.fields.only("content-encoding") == "gzip"
    assert fresh.fields.only("etag") == '"a"'
    assert "age" not in fresh.fields
    assert (fresh.status, fresh.body, fresh.response_time_s) == (200, b"body", start_s + 11)


def test_a_304_to_the_client_carries_what_it_must():
    """ETag, dates and cache fields; nothing that describes a body."""
    fields = Fields([("ETag", '"a"'), ("Content-Type", "text/plain"), ("Date", "d"), ("X", "1")])

    assert list(fields_of_304(fields)) == [("etag", '"a"'), ("date", "d")]
