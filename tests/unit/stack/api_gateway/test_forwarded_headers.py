"""Which headers pass."""

from starlette.requests import Request

from scalelab.stack.api_gateway.forwarded_headers import client_response_headers, upstream_request_headers


def request(*headers):
    return Request({"type": "http", "headers": [(name.lower().encode(), value.encode()) for name, value in headers]})


def test_a_request_without_body_takes_nothing_along():
    """Identity only: what a service compresses unasked could not be served to everybody."""
    sent = upstream_request_headers(
        request(("Accept-Encoding", "gzip"), ("Content-Type", "text/plain"), ("X-User", "a")), has_body=False
    )

    assert sent == {"Accept-Encoding": "identity"}


def test_a_request_with_a_body_says_what_it_is():
    """Unless Connection names the header as one of the hop."""
    sent = upstream_request_headers(request(("Content-Type", "application/json")), has_body=True)
    named = upstream_request_headers(
        request(("Content-Type", "application/json"), ("Connection", "content-type")), has_body=True
    )

    assert sent["content-type"] == "application/json"
    assert "content-type" not in named


def test_repeated_headers_stay_repeated():
    """In their order."""
    kept = client_response_headers([("Link", "a"), ("TE", "x"), ("Link", "b"), ("Date", "today")])

    assert kept == [("link", "a"), ("link", "b")]
