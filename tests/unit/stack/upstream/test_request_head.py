"""The head of a request, and what may not get into it."""

import pytest

from scalelab.stack.upstream.request_head import request_head


def test_host_and_framing_are_ours_to_say():
    """A caller's Host and framing fields are dropped."""
    head = request_head(
        "POST",
        "/a?b=1",
        "here:80",
        [("Host", "evil"), ("Transfer-Encoding", "chunked"), ("X", "1")],
        ("Content-Length", "3"),
    )

    assert head == b"POST /a?b=1 HTTP/1.1\r\nHost: here:80\r\nX: 1\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "target", "name", "value"),
    [
        ("GET /x", "/", "A", "b"),
        ("GET", "/a b", "A", "b"),
        ("GET", "/a\r\nEvil: 1", "A", "b"),
        ("GET", "", "A", "b"),
        ("GET", "/", "A:", "b"),
        ("GET", "/", "", "b"),
        ("GET", "/", "A", "b\r\nEvil: 1"),
        ("GET", "/", "A", "b\nEvil: 1"),
        ("GET", "/", "A", "b\0"),
    ],
)
def test_nothing_can_split_the_message(method, target, name, value):
    """A08: line ends and NUL are refused, not escaped."""
    with pytest.raises(ValueError, match="not a"):
        request_head(method, target, "here", [(name, value)], None)
