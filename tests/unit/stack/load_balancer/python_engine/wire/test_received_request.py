"""The head of a request: what is refused, and what a member is sent."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED
from scalelab.stack.load_balancer.python_engine.wire.received_request import (
    MOST_KNOWN,
    ReceivedRequest,
    Refusal,
    RequestReader,
)

OURS = (
    b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: lab\r\nX-Forwarded-For: 10.0.0.1\r\nx-request-id: id\r\n\r\n"
)


def _read(*fields, line=b"GET / HTTP/1.1", host=b"lab"):
    return RequestReader().read(b"\r\n".join([line, b"Host: " + host, *fields]))


def _sent(*fields, **parts):
    request = _read(*fields, **parts)
    request.request_id = b"id"
    return request.head_for_member(b"10.0.0.1")


def test_ours_come_last_and_the_rest_passes():
    """As it came."""
    assert _sent(b"Accept: */*", b"cookie:a=1") == (
        b"GET / HTTP/1.1\r\nHost: lab\r\nAccept: */*\r\ncookie:a=1" + OURS
    )


def test_what_connection_names_ends_here_but_never_ours():
    """Nor what frames or addresses the message."""
    named = b"Connection: X-Custom,  keep-alive , X-Forwarded-For, X-Request-Id, Host, content-length,,"

    sent = _sent(b"X-Custom: 1", b"Content-Length: 3", named, b"connection: b", b"B: ", line=b"POST / HTTP/1.1")

    assert sent == b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 3" + OURS


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"X-Forwarded-For",
                    b"x-forwarded-port",
                    b"X_Forwarded_For",
                    b"X-User_Id",
                    b"Forwarded",
                    b"X-Real-IP",
                    b"TE",
                    b"Upgrade",
                    b"Keep-Alive",
                    b"Trailer",
                    b"Proxy-Connection",
                    b"Expect",
                    b"X-Request-ID",
                ]
            ),
            st.text(" abc,123").map(str.encode),
        )
    )
)
def test_nothing_of_these_passes(fields):
    """Whatever is said in them and however often: claims about the client, names with underscores, one hop's."""
    assert _sent(*(name + b":" + value for name, value in fields)) == b"GET / HTTP/1.1\r\nHost: lab" + OURS


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET  / HTTP/1.1", 400),
        (b"GET /a b HTTP/1.1", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b"G@T / HTTP/1.1", 400),
        (b"GET /\xe4 HTTP/1.1", 400),
        (b"GET / HTTP/9.9", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / http/1.1", 400),
        (b"GET /", 400),
        (b"GET * HTTP/1.1", 400),
        (b"GET lab HTTP/1.1", 400),
        (b"GET http://evil/ HTTP/1.1", 400),
        (b"GET https://lab/ HTTP/1.1", 400),
        (b"GET http://me@lab/ HTTP/1.1", 400),
        (b"CONNECT lab:80 HTTP/1.1", 501),
        (b"GET /a#b HTTP/1.1", 400),
        (b"M" * 65 + b" / HTTP/1.1", 400),
    ],
)
def test_odd_request_lines(line, status):
    """What cannot be understood in one way only is refused."""
    assert _read(line=line) == Refusal(HTTPStatus(status))


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (b"GET http://lab/a?b HTTP/1.1", b"/a?b"),
        (b"GET HTTP://LAB HTTP/1.1", b"/"),
        (b"GET http://lab?b HTTP/1.1", b"/?b"),
        (b"OPTIONS * HTTP/1.1", b"*"),
        (b"GET //a/%2e%2e/;x HTTP/1.1", b"//a/%2e%2e/;x"),
    ],
)
def test_targets(line, target):
    """A URL of the host that is asked becomes its path; a path is passed on as it is."""
    assert _read(line=line).target == target


@pytest.mark.parametrize(
    "fields",
    [
        (b"Host: evil",),
        (b"host:",),
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: ,chunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Content-Length: 3, 3",),
        (b"Content-Length: 18446744073709551617",),
        (b"A: b", b" folded"),
    ],
)
def test_fields_with_two_meanings(fields):
    """400, whatever came before."""
    assert _read(*fields) == Refusal(HTTPStatus.BAD_REQUEST)


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost: a b", b"GET / HTTP/1.1\r\nHost: a/b"])
def test_who_is_asked_must_be_said(head):
    """RFC 9112, 3.2: one Host, of which a URL could be made; an old client may leave it out."""
    assert RequestReader().read(head) == Refusal(HTTPStatus.BAD_REQUEST)


def test_an_old_client_knows_no_chunks():
    """HTTP/1.0: refused where it claims to send them, or asks for a tunnel; else answered and closed."""
    assert _read(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0") == Refusal(HTTPStatus.BAD_REQUEST)
    assert _read(b"Connection: Upgrade", b"Upgrade: websocket", line=b"GET / HTTP/1.0") == Refusal(
        HTTPStatus.BAD_REQUEST
    )
    assert RequestReader().read(b"GET / HTTP/1.0").is_old


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ((b"X-Request-Id: abc.DEF-1_2",), b"abc.DEF-1_2"),
        ((), b""),
        ((b'X-Request-Id: a"b',), b""),
        ((b"X-Request-Id: " + b"x" * 65,), b""),
        ((b"X-Request-Id: a", b"X-Request-Id: b"), b""),
    ],
)
def test_only_a_harmless_id_is_kept(fields, kept):
    """Exactly one, of few bytes."""
    assert _read(*fields).request_id == kept


@pytest.mark.parametrize(
    ("target", "fields", "key", "user"),
    [
        (b"/", (), "", ""),
        (b"/?key=7&x=1", (b"authorization: Bearer a.b.c",), "7", "Bearer a.b.c"),
        (b"/?key=a%20b&key=2", (b"Authorization: 1", b"Authorization: 2"), "a b", "1"),
        (b"/?key=%ff&&&=", (b"Authorization: \xe4",), "\ufffd", "\xe4"),
    ],
)
def test_what_a_policy_may_know_of_a_request(target, fields, key, user):
    """Anything may stand there; the first one counts, and nothing is believed of it. All tokens pass."""
    request = _read(*fields, line=b"GET " + target + b" HTTP/1.1")

    assert (request.key, request.user) == (key, user)
    assert request.head_for_member(b"").count(b"Authorization") == len(fields)


def test_what_the_connection_is_to_become():
    """A WebSocket passes with its Upgrade; any other protocol, or one with a body, is an ordinary request."""
    upgrade = (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket")

    assert _read(*upgrade).fields.tunnel == b"websocket"
    assert b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" in _sent(*upgrade)
    assert _read(b"Connection: Upgrade", b"Upgrade: h2c").fields.tunnel == b""
    assert _read(b"Upgrade: websocket").fields.tunnel == b""
    assert b"pgrade" not in _sent(*upgrade, b"Content-Length: 3", line=b"POST / HTTP/1.1")


def test_framing_and_expectation():
    """A body is framed to the member as it came; it is told, too, of who waits for 100."""
    chunked = _read(b"Transfer-Encoding: Chunked", b"Expect: 100-Continue", line=b"POST / HTTP/1.1")

    assert chunked.fields.body == CHUNKED
    assert b"\r\nTransfer-Encoding: chunked\r\n" in chunked.head_for_member(b"")
    assert b"\r\nExpect: 100-continue\r\n" in chunked.head_for_member(b"")
    assert _read(b"Connection: a, CLOSE").fields.is_last


def test_the_same_fields_are_read_once_and_memory_is_bounded():
    """The line is another each time; beyond so many fields it begins anew."""
    reader = RequestReader()
    first, again = (reader.read(b"GET /%d HTTP/1.1\r\nHost: lab" % number) for number in (1, 2))
    for number in range(MOST_KNOWN):
        reader.read(b"GET / HTTP/1.1\r\nHost: lab%d" % number)
    reader.read(b"GET / HTTP/1.1\r\nHost: lab\r\nA: " + b"x" * 5000)

    assert first.fields is again.fields
    assert len(reader._known) <= MOST_KNOWN
    assert max(map(len, reader._known)) < 5000


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(data):
    """And what is sent on is one head: no empty line before its end."""
    request = RequestReader().read(data)

    if isinstance(request, ReceivedRequest):
        head = request.head_for_member(b"")
        assert head.find(b"\r\n\r\n") == len(head) - 4
    else:
        assert request.status in {400, 501, 505}
