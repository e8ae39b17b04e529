"""Templates become bytes, with places for key and token."""

import pytest
from pydantic import ValidationError

from scalelab.lab.load.requests import RequestTemplate, prepare


def rendered(template, key=7, token=b"", *, has_tokens=False):
    return prepare(template, 0, has_tokens=has_tokens)(key, token)


def test_a_plain_request_is_prepared_once():
    """Without places the same object is given each time."""
    render = prepare(RequestTemplate(url="http://a:81/x"), 3, has_tokens=False)

    request = render(1, b"")

    assert request is render(2, b"")
    assert request.route == 3
    assert request.head_and_body == (b"GET /x HTTP/1.1\r\nHost: a:81\r\nUser-Agent: scalelab\r\nAccept: */*\r\n\r\n")


def test_places_are_filled():
    """Key in path, header and body; the length of the body follows the key's."""
    template = RequestTemplate(
        url="http://a/data?key={key}", method="put", headers=(("X-Key", "{key}"),), body='{"v": "{key}é"}'
    )
    render = prepare(template, 0, has_tokens=False)

    short, long = render(7, b"").head_and_body, render(12345, b"").head_and_body

    assert short.startswith(b"PUT /data?key=7 HTTP/1.1\r\n")
    assert b"X-Key: 7\r\n" in short
    assert b"Content-Length: 12\r\n" in short
    assert b"Content-Length: 16\r\n" in long
    assert long.endswith('\r\n\r\n{"v": "12345é"}'.encode())


def test_tokens_are_sent_only_where_they_are_wanted():
    """Bearer for those that take one; not over a header of one's own."""
    wants = RequestTemplate(url="http://a/")
    refuses = RequestTemplate(url="http://a/", takes_token=False)
    has_own = RequestTemplate(url="http://a/", headers=(("authorization", "Basic x"),))

    assert b"Authorization: Bearer t1\r\n" in rendered(wants, token=b"t1", has_tokens=True).head_and_body
    assert b"uthorization" not in rendered(wants).head_and_body
    assert b"uthorization" not in rendered(refuses, token=b"t1", has_tokens=True).head_and_body
    assert rendered(has_own, token=b"t1", has_tokens=True).head_and_body.count(b"uthorization") == 1


def test_a_post_without_a_body_says_so():
    """Content-Length: 0, as servers ask for it."""
    assert b"Content-Length: 0\r\n" in rendered(RequestTemplate(url="http://a/", method="POST")).head_and_body
    assert rendered(RequestTemplate(url="http://a/", method="HEAD")).is_head


def test_routes_leave_the_query_out():
    """So that results have few names, whatever the keys are."""
    assert RequestTemplate(url="http://a/x?key={key}").route == "GET /x"
    assert RequestTemplate(url="http://a/x", name="mine").route == "mine"


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "ftp://a/"},
        {"method": "GE T"},
        {"method": "CONNECT"},
        {"headers": (("X", "a\r\nY: b"),)},
        {"headers": (("X Y", "a"),)},
        {"headers": (("Content-Length", "5"),)},
        {"weight": 0},
    ],
)
def test_requests_that_would_break_the_protocol_are_refused(fields):
    """Injected line breaks, framing of one's own, nonsense."""
    with pytest.raises(ValidationError):
        RequestTemplate(**{"url": "http://a/", **fields})


def test_a_repr_shows_no_header():
    """Headers may hold secrets."""
    assert "hush" not in repr(RequestTemplate(url="http://a/", headers=(("X", "hush"),)))
