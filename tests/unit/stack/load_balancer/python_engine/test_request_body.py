"""A request's body on its way through."""

import pytest

from scalelab.stack.load_balancer.python_engine.request_body import ClientGone, RequestBody


def _body(headers, *messages):
    script = list(messages)

    async def receive():
        return script.pop(0)

    return RequestBody({"headers": headers}, receive)


def _part(body, more_body):
    return {"type": "http.request", "body": body, "more_body": more_body}


GONE = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("headers", "is_expected"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b"1")], True),
        ([(b"transfer-encoding", b"chunked")], True),
    ],
)
def test_whether_there_is_a_body(headers, is_expected):
    """By the fields that frame it."""
    assert _body(headers).is_expected is is_expected


async def test_chunks_come_as_they_are():
    """And the body counts as touched from the first pull on."""
    body = _body([(b"content-length", b"4")], _part(b"ab", True), _part(b"", True), _part(b"cd", False))

    was_touched = body.is_touched
    chunks = [chunk async for chunk in body.chunks()]

    assert chunks == [b"ab", b"cd"]
    assert (was_touched, body.is_touched) == (False, True)


async def test_a_client_that_goes_too_early_is_noticed():
    """The upstream request must not look whole."""
    body = _body([(b"content-length", b"4")], _part(b"ab", True), GONE)

    with pytest.raises(ClientGone):
        _ = [chunk async for chunk in body.chunks()]

    assert body.is_client_gone


async def test_a_client_that_goes_later_is_noticed():
    """Without a body, the server's empty message is not the end of the client."""
    body = _body([], _part(b"", False), GONE)

    await body.client_gone()

    assert body.is_client_gone
