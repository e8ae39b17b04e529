"""Which request lines are plain reads, and whose fields may be known."""

import pytest

from scalelab.stack.api_gateway.direct_path.known_client import KnownClients, RequestLines, Target

LINES = RequestLines(["/data", "/process"])


def test_a_plain_read_is_told_by_its_line():
    """Path, key, and all that stands behind."""
    target = LINES.read(b"GET /data?key=12 HTTP/1.1\r\nHost: a\r\n\r\n")

    assert target == Target("/data", b"12", b"Host: a\r\n\r\n")
    assert target.query == b"key=12"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /data?key=0 HTTP/1.1\r\n",
        b"GET /data?key= HTTP/1.1\r\n",
        b"GET /data?key=\xd9\xa1 HTTP/1.1\r\n",
        b"GET /data?key=+1 HTTP/1.1\r\n",
        b"GET /data HTTP/1.1\r\n",
        b"XGET /data?key=1 HTTP/1.1\r\n",
        b"GET  /data?key=1 HTTP/1.1\r\n",
        b"GET /data?key=01 HTTP/1.1\r\n",
        b"GET /data?key=1&key=2 HTTP/1.1\r\n",
        b"GET /data?key=1 HTTP/1.0\r\n",
        b"GET /data?key=1 HTTP/1.1\n",
        b"GET /data?key=1234567890123456789 HTTP/1.1\r\n",
        b"GET /datum?key=1 HTTP/1.1\r\n",
        b"HEAD /data?key=1 HTTP/1.1\r\n",
        b"GET http://a/data?key=1 HTTP/1.1\r\n",
        b"GET /data?k%65y=1 HTTP/1.1\r\n",
    ],
)
def test_all_else_is_for_the_ordinary_path(line):
    """Other methods, versions, spellings."""
    assert LINES.read(line + b"Host: a\r\n\r\n") is None


@pytest.fixture
def clients():
    """Clients whose bearer is what their headers say."""
    return lambda **bounds: KnownClients(list, **bounds)


@pytest.mark.parametrize(
    "field",
    [
        (b"if-none-match", b"*"),
        (b"cache-control", b"no-store"),
        (b"range", b"bytes=0-1"),
        (b"connection", b"close"),
        (b"connection", b"keep-alive, x"),
        (b"content-length", b"0"),
        (b"transfer-encoding", b"chunked"),
        (b"expect", b"100-continue"),
        (b"upgrade", b"h2c"),
        (b"x-request-id", b"elsewhere"),
    ],
)
def test_who_asks_for_another_answer_is_not_remembered(clients, field):
    """Whatever changes the answer, its framing, or the connection."""
    clients = clients()
    clients.learn(b"bytes", [(b"host", b"a"), field, (b"accept", b"*/*")], has_id_at_its_end=False)

    assert len(clients) == 0


def test_a_client_is_known_by_all_bytes_of_its_fields(clients):
    """One byte more or less is another client."""
    clients, fields = clients(), b"Host: a\r\nAuthorization: Bearer x\r\n\r\n"
    clients.learn(fields, [(b"host", b"a"), (b"authorization", b"Bearer x")], has_id_at_its_end=False)
    client, request_id = clients.of(fields)

    assert (client.bearer, request_id) == (["Bearer x"], b"")
    assert [clients.of(other) for other in (b"", fields[:-1], fields + b"x", b"h" + fields[1:])] == [None] * 4


def test_the_id_is_not_part_of_what_is_known(clients):
    """Each request brings its own."""
    clients = clients()
    clients.learn(b"Host: a\r\nX-Request-Id: ", [(b"host", b"a"), (b"x-request-id", b"1")], has_id_at_its_end=True)
    client, request_id = clients.of(b"Host: a\r\nX-Request-Id: 2\r\n\r\n")

    assert request_id == b"2"
    assert client.fields_with(request_id) == [(b"host", b"a"), (b"x-request-id", b"2")]


@pytest.mark.parametrize("rest", [b"", b"2", b"2\r\n", b"2\r\nA: b\r\n\r\n", b"not one\r\n\r\n", b"2\r\n\r\nmore"])
def test_what_is_not_one_whole_head_with_an_id_is_nobodys(clients, rest):
    """A head may be torn anywhere, right before its id, too."""
    clients = clients()
    clients.learn(b"Host: a\r\nX-Request-Id: ", [(b"host", b"a"), (b"x-request-id", b"1")], has_id_at_its_end=True)

    assert clients.of(b"Host: a\r\nX-Request-Id: " + rest) is None


def test_memory_is_bounded(clients):
    """The one that came first goes first."""
    clients = clients(max_clients=2)
    for name in (b"a\n", b"b\n", b"c\n"):
        clients.learn(name, [(b"host", name)], has_id_at_its_end=False)

    assert [clients.of(name) is not None for name in (b"a\n", b"b\n", b"c\n")] == [False, True, True]
