"""Where bodies end, however they are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.wire.body_framing import BadFraming, ChunkedBody, body_of
from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED, UNFRAMED

WIRE = b'5\r\nabcde\r\n00A;x="y"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET'
"""Two chunks, a word beside a size, a trailer, and the next request."""


def _fed(body, pieces):
    """What passes, and what lies behind the end."""
    passed, behind = b"", b""
    for piece in pieces:
        if body.is_complete:
            behind += piece
        else:
            passed += body.feed(piece)
            behind += body.rest
    return passed, behind


def _cut(data, places):
    ends = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@given(st.lists(st.integers(0, 200), max_size=8))
def test_chunks_are_the_same_however_they_are_cut(places):
    """What is said beside sizes and behind the last chunk ends here; what lies behind the body is not its own."""
    passed, behind = _fed(body_of(CHUNKED, is_to_be_chunked=True), _cut(WIRE, places))

    assert passed == b"5\r\nabcde\r\n00A\r\n0123456789\r\n0\r\n\r\n"
    assert behind == b"GET"


@given(st.lists(st.integers(0, 200), max_size=8))
def test_for_who_knows_no_chunks_only_their_content(places):
    """Cut or not."""
    assert _fed(body_of(CHUNKED, is_to_be_chunked=False), _cut(WIRE, places)) == (b"abcde0123456789", b"GET")


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_length_is_counted_down(places):
    """However it is cut."""
    body = body_of(20, is_to_be_chunked=True)

    assert _fed(body, _cut(WIRE, places)) == (WIRE[:20], WIRE[20:])
    assert body.is_complete


@pytest.mark.parametrize(
    "wire",
    [
        b"0x5\r\nabcde\r\n",
        b"+5\r\nabcde\r\n",
        b"0_5\r\nabcde\r\n",
        b"-5\r\nabcde\r\n",
        b"\r\nabcde\r\n",
        b"1" + b"0" * 16 + b"\r\n",
        b"2\r\nabcde\r\n",
        b"5\nabcde\n",
        b"5;a\nb\r\nabcde",
        b"5;a\x00\r\nabcde",
        b"5 6\r\nabcde",
        b" 5\r\nabcde",
        b"5;" + b"x" * 600,
        b"5;" + b"x" * 600 + b"\r\n",
        b"1\r\na\n",
        b"0\r\nno field\r\n\r\n",
        b"0\r\nA : b\r\n\r\n",
        b"0\r\n" + b"A: " + b"x" * 9000 + b"\r\n",
        b"0\r\n" + (b"A: " + b"x" * 400 + b"\r\n") * 25,
    ],
)
@pytest.mark.parametrize("is_cut", [False, True])
def test_odd_chunks(wire, is_cut):
    """After a bad one nothing is passed on any more."""
    body = ChunkedBody(is_to_be_chunked=True)
    pieces = [wire[place : place + 1] for place in range(len(wire))] if is_cut else [wire]

    with pytest.raises(BadFraming):
        _fed(body, pieces)


def test_what_ends_with_the_connection_goes_on_in_chunks():
    """So that its reader can tell the end from a break; an old one cannot."""
    chunked, old = (body_of(UNFRAMED, is_to_be_chunked=knows) for knows in (True, False))

    assert (chunked.feed(b"abc"), chunked.ending()) == (b"3\r\nabc\r\n", b"0\r\n\r\n")
    assert (old.feed(b"abc"), old.ending()) == (b"abc", b"")


def test_other_bodies_break_off_with_the_connection():
    """Unless they are whole."""
    length, chunks = body_of(3, is_to_be_chunked=True), body_of(CHUNKED, is_to_be_chunked=True)
    length.feed(b"ab")
    chunks.feed(b"3\r\nabc\r\n")

    assert (length.ending(), chunks.ending()) == (None, None)
    assert body_of(0, is_to_be_chunked=True).ending() == b""
