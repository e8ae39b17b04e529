"""Header fields in both directions."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.headers import (
    client_response_headers,
    is_framed_plainly,
    upstream_request_headers,
)

OURS = [
    (b"x-forwarded-for", b"10.0.0.1"),
    (b"x-forwarded-proto", b"http"),
    (b"x-forwarded-host", b"lab"),
    (b"x-request-id", b"id"),
]


def _sent(*fields):
    return upstream_request_headers([(b"Host", b"lab"), *fields], client="10.0.0.1", scheme="http", request_id="id")


def test_ours_come_last_and_the_rest_passes():
    """In the order given, names in lower case."""
    assert _sent((b"Accept", b"*/*"), (b"Cookie", b"a=1")) == [
        (b"host", b"lab"),
        (b"accept", b"*/*"),
        (b"cookie", b"a=1"),
        *OURS,
    ]


def test_what_connection_names_ends_here_but_never_ours():
    """Nor what frames or addresses the message."""
    named = b"X-Custom,  keep-alive , X-Forwarded-For, X-Request-Id, Host, content-length,,"

    sent = _sent(
        (b"X-Custom", b"1"), (b"Content-Length", b"3"), (b"Connection", named), (b"connection", b"b"), (b"B", b"")
    )

    assert sent == [(b"host", b"lab"), (b"content-length", b"3"), *OURS]


def test_underscore_names_are_dropped():
    """All of them: which one a gateway folds onto a trusted name cannot be known here."""
    assert _sent((b"X_Forwarded_For", b"1"), (b"X-User_Id", b"1")) == [(b"host", b"lab"), *OURS]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"X-Forwarded-For",
                    b"x-forwarded-port",
                    b"Forwarded",
                    b"X-Real-IP",
                    b"TE",
                    b"Upgrade",
                    b"Keep-Alive",
                    b"Trailer",
                    b"Proxy-Connection",
                    b"Transfer-Encoding",
                    b"Expect",
                    b"X-Request-ID",
                ]
            ),
            st.binary(),
        )
    )
)
def test_nothing_of_these_passes(fields):
    """Whatever is said in them and however often."""
    assert _sent(*fields) == [(b"host", b"lab"), *OURS]


def test_answers():
    """Hop-by-hop fields end here; date and request id are the server's to write; cookies keep their number."""
    received = [
        (b"Connection", b"X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Date", b"today"),
        (b"X-Request-Id", b"id"),
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
    ]

    assert client_response_headers(received) == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


def test_one_host_and_one_coding_are_plain():
    """RFC 9112, 3.2 and 6.1."""
    assert is_framed_plainly([(b"Host", b"lab"), (b"Transfer-Encoding", b"Chunked ")])
    assert not is_framed_plainly([(b"Host", b"lab"), (b"host", b"evil")])
    assert not is_framed_plainly([(b"Transfer-Encoding", b",chunked")])
    assert not is_framed_plainly([(b"Transfer-Encoding", b"chunked"), (b"transfer-encoding", b"chunked")])
