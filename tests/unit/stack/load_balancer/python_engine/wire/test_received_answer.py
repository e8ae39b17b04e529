"""The head of an answer: what is none, and what the client is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED, NO_BODY, UNFRAMED
from scalelab.stack.load_balancer.python_engine.wire.received_answer import read_answer


def _read(*fields, line=b"HTTP/1.1 200 OK", is_head_request=False):
    return read_answer(b"\r\n".join([line, *fields]), is_head_request=is_head_request)


def _sent(answer, *, is_old=False, is_last=False):
    return answer.head_for_client(b"id", is_old=is_old, is_last=is_last)


def test_hop_by_hop_fields_end_here():
    """With what Connection names; date, length and cookies pass, and the id is ours."""
    answer = _read(
        b"Connection: X-Hop",
        b"X-Hop: 1",
        b"Keep-Alive: timeout=5",
        b"Date: today",
        b"X-Request-Id: theirs",
        b"Set-Cookie: a=1",
        b"set-cookie: b=2",
        b"Content-Length: 3",
    )

    assert _sent(answer) == (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 3\r\nDate: today\r\n"
        b"x-request-id: id\r\n\r\n"
    )
    assert not answer.is_last


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"HTTP/1.1 200 OK", (b"Content-Length: 3", b"Transfer-Encoding: chunked")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: 3", b"Content-Length: 4")),
        (b"HTTP/1.1 200 OK", (b"Content-Length: +3",)),
        (b"HTTP/1.1 200 OK", (b"Transfer-Encoding: gzip",)),
        (b"HTTP/1.0 200 OK", (b"Transfer-Encoding: chunked",)),
        (b"HTTP/1.1 200 OK", (b"A : b",)),
        (b"HTTP/2 200 OK", ()),
        (b"HTTP/1.1 099 OK", ()),
        (b"HTTP/1.1 2000 OK", ()),
        (b"HTTP/1.1 200 O\x00K", ()),
        (b"200 OK", ()),
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_no_answer(line, fields):
    """A22; also where nothing follows."""
    assert _read(*fields, line=line) is None
    assert _read(*fields, line=line, is_head_request=True) is None


@pytest.mark.parametrize(
    ("line", "fields", "is_head_request", "body", "told"),
    [
        (b"HTTP/1.1 200 OK", (b"Content-Length: 3",), False, 3, b"\r\nContent-Length: 3\r\n"),
        (b"HTTP/1.1 200 OK", (b"Content-Length: 3",), True, NO_BODY, b"\r\nContent-Length: 3\r\n"),
        (b"HTTP/1.1 304 Not Modified", (b"Content-Length: 3",), False, NO_BODY, b"\r\nContent-Length: 3\r\n"),
        (b"HTTP/1.1 204 No Content", (b"Content-Length: 3",), False, NO_BODY, b""),
        (b"HTTP/1.1 200", (b"Transfer-Encoding: chunked",), False, CHUNKED, b"\r\nTransfer-Encoding: chunked\r\n"),
        (b"HTTP/1.1 200 OK", (), False, UNFRAMED, b"\r\nTransfer-Encoding: chunked\r\n"),
        (b"HTTP/1.1 200 OK", (), True, NO_BODY, b""),
    ],
)
def test_bodies(line, fields, is_head_request, body, told):
    """How long they are, and what the client is told of it."""
    answer = _read(*fields, line=line, is_head_request=is_head_request)

    assert answer.body == body
    assert told in _sent(answer)
    assert (b"ength" in _sent(answer) or b"hunked" in _sent(answer)) == bool(told)


def test_an_old_client_is_told_no_chunks_and_the_last_answer_says_so():
    """Its body ends with the connection."""
    sent = _sent(_read(b"Transfer-Encoding: chunked", b"Date: d"), is_old=True, is_last=True)

    assert sent == b"HTTP/1.1 200 OK\r\nDate: d\r\nx-request-id: id\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "fields", "is_last"),
    [
        (b"HTTP/1.1 200 OK", (), False),
        (b"HTTP/1.1 200 OK", (b"Connection: Close",), True),
        (b"HTTP/1.0 200 OK", (), True),
        (b"HTTP/1.0 200 OK", (b"Connection: keep-alive",), False),
    ],
)
def test_whether_the_member_will_hear_another_request(line, fields, is_last):
    """RFC 9112, 9.3."""
    assert _read(*fields, line=line).is_last is is_last


def test_a_missing_date_is_ours():
    """RFC 9110, 6.6.1."""
    assert b"\r\nDate: " in _sent(_read())


def test_a_tunnel_says_its_protocol_and_hints_pass():
    """Interim answers have neither framing nor date."""
    tunnel = _read(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Accept: x", line=b"HTTP/1.1 101 Switching"
    )
    hints = _read(b"Link: </a>", b"Connection: x", line=b"HTTP/1.1 103 Early Hints")

    assert tunnel.interim_head() == (
        b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    assert hints.interim_head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert (tunnel.is_interim, hints.is_interim, _read().is_interim) == (True, True, False)


@given(st.binary(max_size=200))
def test_whatever_comes_becomes_one_head_or_none(data):
    """No empty line before its end."""
    answer = read_answer(b"HTTP/1.1 200 OK\r\n" + data, is_head_request=False)

    if answer is not None:
        head = _sent(answer)
        assert head.find(b"\r\n\r\n") == len(head) - 4
