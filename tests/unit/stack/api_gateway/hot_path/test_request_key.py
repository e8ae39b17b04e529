"""Which bytes are one request that the hit path may know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.hot_path.request_key import RequestKey, id_from, request_key

HEAD = b"GET /data?key=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n"


def test_the_whole_head_is_the_key():
    """Without an id, every byte counts."""
    assert request_key(HEAD + b"\r\n") == RequestKey(HEAD + b"\r\n", b"")


@pytest.mark.parametrize("field", [b"X-Request-Id: ab-12.c", b"x-request-id: ab-12.c"])
def test_an_id_at_the_end_does_not_count(field):
    """The balancer's id changes each time; the head before it is the key."""
    assert request_key(HEAD + field + b"\r\n\r\n") == RequestKey(HEAD + field[:14], b"ab-12.c")


def test_an_id_elsewhere_or_odd_stays_in_the_key():
    """The long way deals with it."""
    inside = HEAD + b"X-Request-Id: a\r\nX: 1\r\n\r\n"
    odd = HEAD + b"X-Request-Id: a b\r\n\r\n"

    assert request_key(inside) == RequestKey(inside, b"")
    assert request_key(odd) == RequestKey(odd, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + b"\r\nbody",
        HEAD + b"\r\n" + HEAD + b"\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
    ],
)
def test_anything_but_one_whole_get_goes_the_long_way(data):
    """Partial, pipelined, with a body, another method, too large."""
    assert request_key(data) is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_two_requests_share_a_key_only_if_they_differ_in_the_id(first, second):
    """The key is the head itself, so no two different heads meet."""
    keys = [request_key(b"GET / HTTP/1.1\r\nA: " + tail + b"\r\n\r\n") for tail in (first, second)]

    if None not in keys and keys[0].head == keys[1].head:
        without_id = [tail.lower().partition(b"\r\nx-request-id: ")[0] for tail in (first, second)]
        assert without_id[0] == without_id[1]


@pytest.mark.parametrize(
    "ending", [b"a b\r\n\r\n", b"a\r\nX: 1\r\n\r\n", b"a\r\n\r", b"\r\n\r\n", b"", b"a" * 65 + b"\r\n\r\n"]
)
def test_what_follows_the_key_is_an_id_and_nothing_else(ending):
    """Not another field, not a part of one, not a second request."""
    assert id_from(HEAD + b"X-Request-Id: " + ending, len(HEAD) + 14) == b""


def test_a_key_with_an_id_is_never_a_whole_request():
    """So that a request and a line that follows it are not taken for one that ends with an id."""
    whole = HEAD + b"\r\n"

    assert request_key(whole).head.endswith(b"\r\n\r\n")
    assert request_key(whole + b"X-Request-Id: a\r\n\r\n") is None
    assert not request_key(HEAD + b"X-Request-Id: a\r\n\r\n").head.endswith(b"\r\n")
