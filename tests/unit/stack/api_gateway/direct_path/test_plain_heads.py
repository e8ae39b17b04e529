"""Which heads of answers are plain, and that the parser and the ordinary rules make the same of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.direct_path.plain_heads import MAX_KNOWN, MAX_LINE_BYTES, NOT_PLAIN, PlainHeads
from scalelab.stack.api_gateway.direct_path.rendering import rendered_fields
from scalelab.stack.api_gateway.forwarded_headers import client_response_headers, raw
from scalelab.stack.api_gateway.freshness import strong_entity_tag
from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.exchange import Exchange

OK = b"HTTP/1.1 200 OK"
LINES = [
    OK,
    b"HTTP/1.1 404 Not Found",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1 200 Fine",
    b"Content-Length: 2",
    b"content-length: 2",
    b"Content-Length: 02",
    b"Content-Length: +2",
    b"Content-Length: 3",
    b"Content-Length : 2",
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
    b"X-Request-Id: theirs",
    b"Server: a",
    b"Connection: keep-alive",
    b"Connection: Keep-Alive",
    b"Connection: close",
    b"Connection: x-own",
    b"Keep-Alive: timeout=5",
    b"X-Own: 1",
    b"X-Own:1",
    b"X-Own:  1",
    b"X-Own: 1 ",
    b"X-Own: ",
    b"X-Own: \xe9",
    b"X-Own: a\tb",
    b"X-Own: a\x00b",
    b"X-Own: a\nb: c",
    b" folded",
    b"no field",
    b"",
    b'ETag: "a"',
    b'ETag: W/"a"',
    b"Cache-Control: no-store",
    b"Set-Cookie: a=b",
    b"Set-Cookie: c=d",
    b"Transfer-Encoding: chunked",
    b"Trailer: x",
    b"Upgrade: h2c",
    b"Age: 3",
    b"X-Cache: HIT",
]
NEARLY_PLAIN = st.lists(st.sampled_from(LINES), max_size=2).flatmap(
    lambda lines: st.permutations([b"Content-Length: 2", b"Date: now", *lines]).map(lambda all_: [OK, *all_])
)
HEADS = st.one_of(NEARLY_PLAIN, st.lists(st.sampled_from(LINES), max_size=6)).map(b"\r\n".join)


class Wire:
    """What a connection does with its transport."""

    def abort(self):
        """Nobody is there."""

    def write(self, data):
        """Nobody reads it."""


async def parsed(answer):
    """The exchange that the connection makes of these bytes, and whether the connection may serve another one."""
    connection = Connection(lambda _connection: None)
    connection.connection_made(Wire())
    exchange = Exchange(is_head_request=False, is_streamed=False, max_body_bytes=1000)
    connection.start(exchange, b"", None)
    connection.data_received(answer)
    return exchange, connection.release()


@given(heads=st.lists(HEADS, min_size=1, max_size=5))
async def test_what_is_plain_is_read_as_the_parser_reads_it(heads):
    """In any order of heads, so that what is known of one line says nothing wrong about another head."""
    plain_heads = PlainHeads()
    for head in [*heads, *heads]:
        plain = plain_heads.of(head)
        if plain is NOT_PLAIN:
            continue
        body = b"x" * plain.body_bytes
        exchange, is_clean = await parsed(head + b"\r\n\r\n" + body)
        kept = raw(client_response_headers(exchange.headers))

        assert (exchange.status, exchange.is_complete, exchange.fault, is_clean) == (200, True, None, True)
        assert exchange.body == body
        written = plain.before_tag + plain.tag(head, body) + plain.after_tag
        if b"etag" not in dict(kept):
            kept.append((b"etag", strong_entity_tag(body).encode()))
        if b"cache-control" not in dict(kept):
            kept.append((b"cache-control", b"private, no-cache"))
        assert written == (
            OK
            + b"\r\ncontent-length: %d\r\n" % len(body)
            + rendered_fields(kept)
            + b"x-cache: BYPASS\r\ncache-status: scalelab; fwd=bypass\r\ndate: "
        )


def test_the_usual_head_is_plain():
    """As our own services write it, and as nginx does; with the gateway's fields behind."""
    heads = PlainHeads()
    ours = (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n"
        b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\nx-request-id: abc"
    )
    plain = heads.of(ours)

    assert (plain.body_bytes, plain.tag(ours, b"ok")) == (2, strong_entity_tag(b"ok").encode())
    assert plain.before_tag == (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\netag: ")
    assert plain.after_tag == (
        b"\r\ncache-control: private, no-cache\r\nx-cache: BYPASS\r\ncache-status: scalelab; fwd=bypass\r\ndate: "
    )
    assert heads.of(ours.replace(b"abc", b"def").replace(b"00:00:00", b"00:00:01")) is plain
    assert heads.of(OK + b"\r\nServer: a\r\nDate: x\r\nContent-Length: 2\r\nConnection: keep-alive") is not NOT_PLAIN


@pytest.mark.parametrize(
    "head",
    [
        OK,
        OK + b"\r\nContent-Length: 2\r\nContent-Length: 2",
        OK + b"\r\nContent-Length: 2\r\n" + OK,
        b"Content-Length: 2\r\n" + OK,
        OK + b"\r\nContent-Length: 1234567890",
        OK + b'\r\nContent-Length: 2\r\nETag: W/"a"',
        OK + b"\r\nContent-Length: 2\r\nConnection: close",
        OK + b"\r\nContent-Length: 2\r\nConnection: keep-alive, x-own",
        OK + b"\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
        OK + b"\r\nContent-Length: 2\r\nTrailer: x",
        OK + b"\r\nContent-Length: 2\r\nUpgrade: h2c",
        OK + b"\r\nContent-Length: 2\r\nX: " + b"x" * MAX_LINE_BYTES,
        OK + b"\nContent-Length: 2",
    ],
)
def test_what_is_not_plain(head):
    """For the parser, whatever came before."""
    heads = PlainHeads()
    heads.of(OK + b"\r\nContent-Length: 2")

    assert [heads.of(head), heads.of(head)] == [NOT_PLAIN] * 2


def test_a_tag_of_each_answer_is_handed_on_where_it_stood():
    """As our database says it: the head is the same one, whatever the tag is."""
    heads = PlainHeads()
    first, second = (OK + b'\r\nA: b\r\nETag: "%d"\r\nC: d\r\nContent-Length: 2' % number for number in (1, 2))
    plain = heads.of(first)

    assert heads.of(second) is plain
    assert [plain.tag(head, b"ok") for head in (first, second)] == [b'"1"', b'"2"']
    assert (plain.before_tag[-14:], plain.after_tag[:8]) == (b"\r\na: b\r\netag: ", b"\r\nc: d\r\n"[:8])


def test_memory_is_bounded():
    """A service that says something new each time costs time, not memory; ids and tags are not remembered at all."""
    heads = PlainHeads()
    for number in range(3 * MAX_KNOWN):
        heads.of(OK + b'\r\nContent-Length: 2\r\nX-Request-Id: %d\r\nETag: "%d"' % (number, number))
    lines_of_ids = len(heads._lines)
    for number in range(3 * MAX_KNOWN):
        plain = heads.of(OK + b"\r\nContent-Length: 2\r\nX-Own: %d" % number)

    assert b"x-own: %d\r\n" % number in plain.before_tag
    assert lines_of_ids == 2
    assert max(len(heads._lines), len(heads._heads)) <= MAX_KNOWN
