"""Lines of fields: what is well-formed, what is taken out, what frames a body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.wire.field_lines import (
    CHUNKED,
    UNFRAMED,
    framing,
    take_out,
    taking,
    tokens_of,
    without,
)

PATTERN = taking((b"host", b"x-y"), further=rb"z-[^:\r]*")


def test_some_are_taken_and_the_rest_stays_as_it_came():
    """Whatever the case of the name; blanks around a value go, and an empty value is one."""
    out = take_out(b"\r\nHost: a \r\nAccept:  */*\r\nX-Y:\r\nz-1:\t2\r\nhosts: b", PATTERN)

    assert out.left == b"\r\nAccept:  */*\r\nhosts: b"
    assert out.taken == [(b"host", b"a"), (b"x-y", b""), (b"z-1", b"2")]
    assert out.values(b"host") == [b"a"]


@pytest.mark.parametrize(
    "lines",
    [
        b"\r\nHost : a",
        b"\r\n: a",
        b"\r\nHost",
        b"\r\n",
        b"\r\nA: b\r\n folded",
        b"\r\nA: b\x00",
        b"\r\nA: b\rC: d",
        b"\r\nA: b\nC: d",
        b"\r\nA\x01: b",
        b"\r\nA: \x7f",
        b"\r\nA\xe4: b",
    ],
)
def test_malformed_lines(lines):
    """One of them is enough."""
    assert take_out(lines, PATTERN) is None
    assert take_out(b"\r\nAccept: */*" + lines, PATTERN) is None


@given(st.binary(max_size=60))
def test_whatever_comes_never_more_lines_than_before(data):
    """What is left has no line end but before a whole line; nothing raises."""
    out = take_out(b"\r\nA:" + data, PATTERN)

    if out is not None:
        assert out.left.count(b"\n") == out.left.count(b"\r") == out.left.count(b"\r\n")
        assert len(out.taken) + out.left.count(b"\r\n") == (b"\r\nA:" + data).count(b"\r\n")


@pytest.mark.parametrize(
    ("lengths", "codings", "expected"),
    [
        ([], [], UNFRAMED),
        ([b"0"], [], 0),
        ([b"007"], [], 7),
        ([], [b"Chunked"], CHUNKED),
        ([b"5"], [b"chunked"], None),
        ([b"5", b"5"], [], None),
        ([b"5, 5"], [], None),
        ([b""], [], None),
        ([b"+1"], [], None),
        ([b"1_0"], [], None),
        ([b"1" * 16], [], None),
        ([], [b"chunked", b"chunked"], None),
        ([], [b"gzip, chunked"], None),
        ([], [b",chunked"], None),
        ([], [b""], None),
    ],
)
def test_a_body_has_one_end(lengths, codings, expected):
    """RFC 9112, 6.1 and 6.3: what two readers could end in two places has none."""
    assert framing(lengths, codings) == expected


def test_what_connection_names_goes_but_for_what_frames_the_message():
    """Names that look like a pattern are none."""
    named = tokens_of([b"X-Custom,  close ,,", b"A.b, Host, content-length"])
    lines = b"\r\nHost: lab\r\nx-custom: 1\r\nA-b: 2\r\nContent-Length: 3"

    assert named == {b"x-custom", b"close", b"a.b", b"host", b"content-length"}
    assert without(lines, named) == b"\r\nHost: lab\r\nA-b: 2\r\nContent-Length: 3"
    assert without(lines, frozenset()) == lines
