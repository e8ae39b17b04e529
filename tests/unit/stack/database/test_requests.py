"""What is a key, a range and a body, and which status says that it is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from scalelab.contracts.records import RecordUpdate
from scalelab.stack.database.requests import Refusal, parse_key, parse_range, parse_update


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_a_positive_number_is_a_key(number):
    """Any positive number that fits 64 bits with room to spare."""
    assert parse_key(str(number)) == number


@pytest.mark.parametrize("text", ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1\n", "1_0", "٣", "x", "1" * 19])
def test_anything_else_is_no_key(text):
    """Neither signs, blanks, leading zeros nor digits of other scripts."""
    refusal = parse_key(text)

    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


@pytest.mark.parametrize("count", [1, 8, 10_000])
def test_a_range_has_a_first_key_and_a_count(count):
    """Both numbers come back."""
    assert parse_range(QueryParams(f"first_key=3&count={count}")) == (3, count)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "first_key=1",
        "count=1",
        "first_key=0&count=1",
        "first_key=1&count=0",
        "first_key=1&count=10001",
        "first_key=1&first_key=2&count=1",
        "first_key=1&count=1&count=2",
        "first_key=x&count=1",
        "first_key=1&count=-1",
    ],
)
def test_any_other_range_is_refused(query):
    """Missing, doubled or impossible numbers are a bad request."""
    refusal = parse_range(QueryParams(query))

    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


def test_a_body_is_a_record_update():
    """A value of the greatest length is accepted."""
    value = "ä" * 65_536

    assert parse_update(json.dumps({"value": value}).encode()) == RecordUpdate(value=value)


@pytest.mark.parametrize("body", [b"", b"{", b'{"value": "x"', b"\xff", b'{"value": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_is_a_bad_request(body):
    """400, and the parser survives deep nesting."""
    refusal = parse_update(body)

    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


@pytest.mark.parametrize(
    "document",
    [{}, [], "x", None, {"value": 1}, {"value": "x", "version": 9}, {"value": "x" * 65_537}, {"value": "a\0b"}],
)
def test_json_that_is_no_update_is_unprocessable(document):
    """422 names the field, and does not repeat the value."""
    refusal = parse_update(json.dumps(document).encode())

    assert isinstance(refusal, Refusal)
    assert refusal.status == 422
    assert len(refusal.detail) < 200
