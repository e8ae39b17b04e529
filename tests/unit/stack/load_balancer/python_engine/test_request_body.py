"""A request's body on its way through."""

import pytest

from scalelab.stack.load_balancer.python_engine.request_body import MOST_HELD_BYTES, RequestBody
from scalelab.stack.load_balancer.python_engine.wire.body_framing import BadFraming
from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED


def test_without_a_body_all_belongs_to_the_next_request():
    """And there is nothing to send."""
    body = RequestBody(0, may_be_repeated=True)

    assert body.feed(b"GET /") == b"GET /"
    assert (body.is_complete, body.is_sent, body.can_be_repeated, body.given_out()) == (True, True, True, b"")


def test_it_waits_until_it_is_given_out():
    """It is complete when all of it has come, and sent when nothing waits; what lies behind it is given back."""
    body = RequestBody(6, may_be_repeated=False)

    behind = body.feed(b"abc"), body.feed(b"defGET")
    before = body.is_complete, body.is_sent
    given = body.given_out()

    assert behind == (b"", b"GET")
    assert before == (True, False)
    assert (given, body.is_sent) == (b"abcdef", True)


def test_what_was_given_out_can_be_taken_back_for_another_member():
    """In its order, with what came meanwhile; and again."""
    body = RequestBody(9, may_be_repeated=True)
    body.feed(b"abc")
    body.given_out()
    body.feed(b"def")
    body.given_out()
    body.feed(b"ghi")

    for _ in range(2):
        assert body.can_be_repeated
        body.take_back()
        assert body.given_out() == b"abcdefghi"


def test_what_may_not_be_done_twice_is_not_kept():
    """Nothing given out yet: any request can go elsewhere. Then no longer."""
    body = RequestBody(3, may_be_repeated=False)
    body.feed(b"abc")

    untouched = body.can_be_repeated
    body.given_out()

    assert (untouched, body.can_be_repeated) == (True, False)


def test_a_large_body_is_not_kept():
    """Memory is bounded: beyond so many bytes there is no second attempt, and no more is taken in advance."""
    body = RequestBody(2 * MOST_HELD_BYTES, may_be_repeated=True)
    body.feed(b"x" * (MOST_HELD_BYTES + 1))

    is_too_much = body.is_too_much
    body.given_out()

    assert (is_too_much, body.is_too_much, body.can_be_repeated) == (True, False, False)


def test_bad_framing_is_told():
    """Where such a body ends nobody can say."""
    with pytest.raises(BadFraming):
        RequestBody(CHUNKED, may_be_repeated=True).feed(b"0x5\r\nabcde\r\n")
