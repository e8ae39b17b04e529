"""Which request lines are plain reads, and whose fields may be known."""

import pytest

from scalelab.stack.api_gateway.direct_path.known_client import KnownClients, RequestLines, Target

LINES = RequestLines(["/data", "/process"])


def test_a_plain_read_is_told_by_its_line():
    """Path, key, query, and where the fields begin."""
    assert LINES.read(b"GET /data?key=12 HTTP/1.1\r\nHost: a\r\n\r\n") == Target("/data", 12, b"key=12", 27)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /data?key=0 HTTP/1.1\r\n",
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
def test_who_asks_for_another_answer_is_not_remembered(field):
    """Whatever changes the answer, its framing, or the connection."""
    clients = KnownClients()
    clients.learn(b"bytes", [(b"host", b"a"), field, (b"accept", b"*/*")], has_id_at_its_end=False)

    assert len(clients) == 0


def test_the_id_is_not_part_of_what_is_known():
    """Each request brings its own."""
    clients = KnownClients()
    clients.learn(b"bytes", [(b"host", b"a"), (b"x-request-id", b"1")], has_id_at_its_end=True)

    assert clients.find(b"bytes").fields_with(b"2") == [(b"host", b"a"), (b"x-request-id", b"2")]


def test_memory_is_bounded():
    """The one that came first goes first."""
    clients = KnownClients(max_clients=2)
    for name in (b"a", b"b", b"c"):
        clients.learn(name, [(b"host", name)], has_id_at_its_end=False)

    assert [clients.find(name) is not None for name in (b"a", b"b", b"c")] == [False, True, True]
