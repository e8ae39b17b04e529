"""The upstream client against scripted upstreams: reuse, replay, deadlines, truncation, streaming."""

import asyncio

import pytest
import structlog

from scalelab.stack.upstream import StreamedAnswer, UpstreamAnswer, UpstreamClient, UpstreamFault
from scalelab.stack.upstream.pool import AGE_LIMIT_S, IDLE_LIMIT_S
from scalelab.stack.upstream.values import BrokenBodyError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n"


async def test_a_connection_is_used_again(upstream):
    """Two requests, one connection; the answer is whole and its fields are as received."""
    server = await upstream(OK, b"HTTP/1.1 418 T\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0\r\n\r\n")
    async with UpstreamClient(server.url, 5) as client:
        first = await client.request("GET", "/a%2Fb?q=%41")
        second = await client.request("GET", "/")

    assert first == UpstreamAnswer(200, (("Content-Length", "2"),), b"ok")
    assert second == UpstreamAnswer(418, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "0")), b"")
    assert server.connections == 1
    assert server.heads[0].startswith(b"GET /a%2Fb?q=%41 HTTP/1.1\r\n")


async def test_only_what_the_caller_said_is_sent(upstream):
    """Host, the body's length and the id of the request in hand; nothing of a library's own."""
    server = await upstream(OK, OK)
    async with UpstreamClient(server.url, 5) as client:
        with structlog.contextvars.bound_contextvars(request_id="r-5"):
            await client.request("POST", "/", body=b"xy", headers={"X-Own": "1", "x-request-id": "forged"})
        await client.request("GET", "/")

    lines = server.heads[0].split(b"\r\n")
    assert lines[2:] == [b"X-Own: 1", b"X-Request-Id: r-5", b"Content-Length: 2", b"", b"xy"]
    assert server.heads[1].count(b"\r\n") == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
    ],
    ids=["close", "more than was asked for"],
)
async def test_a_connection_is_not_used_again_when_it_is_not_clean(upstream, answer):
    """Connection: close, and bytes that nobody asked for (A20)."""
    server = await upstream(answer, OK)
    async with UpstreamClient(server.url, 5) as client:
        first = await client.request("GET", "/")
        second = await client.request("GET", "/")

    assert (first.body, second.body) == (b"ok", b"ok")
    assert server.connections == 2


async def test_trailers_are_not_fields_of_the_head(upstream):
    """They come after the head was judged, and could claim anything."""
    server = await upstream(CHUNKED.removesuffix(b"\r\n") + b"Cache-Control: max-age=9\r\n\r\n")
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.request("GET", "/")

    assert answer == UpstreamAnswer(200, (("Transfer-Encoding", "chunked"),), b"okay!")


async def test_a_body_may_end_with_the_connection(upstream, eof):
    """Without a length, a clean end of the connection is the end of the body."""
    server = await upstream([b"HTTP/1.0 200 OK\r\n\r\nok", eof])
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.request("GET", "/")

    assert answer == UpstreamAnswer(200, (), b"ok")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_the_keep_alive_race_is_answered_by_one_replay(upstream, close, method):
    """B01: the upstream closes an idle connection just as the request goes out; it is sent again on a fresh one."""
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    server = await upstream(answer, close, answer)
    async with UpstreamClient(server.url, 5) as client:
        await client.request(method, "/")
        second = await client.request(method, "/")

    assert isinstance(second, UpstreamAnswer)
    assert (len(server.heads), server.connections) == (3, 2)


async def test_a_post_is_never_sent_twice(upstream, close):
    """B02: nobody knows whether it was done."""
    server = await upstream(OK, close)
    async with UpstreamClient(server.url, 5) as client:
        await client.request("GET", "/")
        second = await client.request("POST", "/", body=b"x")

    assert isinstance(second, UpstreamFault)
    assert second.kind == "broken"
    assert len(server.heads) == 2


async def test_a_fresh_connection_that_breaks_is_not_replayed(upstream, close):
    """One replay at most, and only for a reused connection."""
    server = await upstream(OK, close, close)
    async with UpstreamClient(server.url, 5) as client:
        await client.request("GET", "/")
        second = await client.request("GET", "/")

    assert isinstance(second, UpstreamFault)
    assert len(server.heads) == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
    ],
)
async def test_a_truncated_or_malformed_answer_is_broken(upstream, close, answer):
    """A22: never an answer, and the connection is not used again."""
    server = await upstream([answer, close], OK)
    async with UpstreamClient(server.url, 5) as client:
        first = await client.request("POST", "/")
        second = await client.request("GET", "/")

    assert isinstance(first, UpstreamFault)
    assert first.kind == "broken"
    assert isinstance(second, UpstreamAnswer)
    assert server.connections == 2


@pytest.mark.parametrize("target", ["/a%2Fb?q=%41%2B+", "/a/../b", "/data?key=1&key=2", "/x?", "/%7euser"])
async def test_the_path_is_sent_as_it_was_given(upstream, target):
    """An encoded path is neither decoded nor normalised."""
    server = await upstream(OK)
    async with UpstreamClient(server.url, 5) as client:
        await client.request("GET", target)

    assert server.heads[0].split(b" ")[1].decode() == target


async def test_a_redirect_is_an_answer_and_a_cookie_is_forgotten(upstream):
    """Nothing is followed, and nothing of one user's answer goes into the next request."""
    server = await upstream(b"HTTP/1.1 302 F\r\nLocation: /x\r\nSet-Cookie: s=ada\r\nContent-Length: 0\r\n\r\n", OK)
    async with UpstreamClient(server.url, 5) as client:
        first = await client.request("GET", "/")
        await client.request("GET", "/")

    assert first.status == 302
    assert b"cookie" not in server.heads[1].lower()


async def test_interim_answers_are_passed_over(upstream):
    """100 and 103 come before the answer."""
    server = await upstream(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK)
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.request("GET", "/")

    assert answer == UpstreamAnswer(200, (("Content-Length", "2"),), b"ok")


async def test_head_has_no_body_whatever_its_length_says(upstream):
    """The connection stays in step after a HEAD."""
    server = await upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", OK)
    async with UpstreamClient(server.url, 5) as client:
        head = await client.request("HEAD", "/")
        after = await client.request("GET", "/")

    assert (head.body, after.body, server.connections) == (b"", b"ok", 1)


async def test_no_answer_in_time_is_a_timeout_and_closes(upstream, hold):
    """The connection is broken off, so that a late answer reaches nobody."""
    server = await upstream(hold, OK)
    async with UpstreamClient(server.url, 0.05) as client:
        first = await client.request("GET", "/")

    assert isinstance(first, UpstreamFault)
    assert first.kind == "timeout"


async def test_a_closed_port_is_unreachable(upstream):
    """Nobody listens."""
    async with UpstreamClient("http://127.0.0.1:1", 5) as client:
        answer = await client.request("GET", "/")

    assert isinstance(answer, UpstreamFault)
    assert answer.kind == "unreachable"


async def test_a_cancelled_request_takes_its_connection_with_it(upstream, hold):
    """B12: the next request gets a connection of its own, and its own answer."""
    server = await upstream(hold, OK)
    async with UpstreamClient(server.url, 5) as client:
        task = asyncio.create_task(client.request("GET", "/slow"))
        await server.got_request.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        answer = await client.request("GET", "/")

    assert task.cancelled()
    assert isinstance(answer, UpstreamAnswer)
    assert server.connections == 2


async def test_an_aged_connection_is_not_used(upstream):
    """Idle longer than the limit: a fresh one, before the upstream closes it under us."""
    now_s = 0.0
    server = await upstream(OK, OK)
    async with UpstreamClient(server.url, 5, clock=lambda: now_s) as client:
        await client.request("GET", "/")
        now_s = IDLE_LIMIT_S + 1
        await client.request("GET", "/")

    assert server.connections == 2


async def test_a_busy_connection_ends_some_time_too(upstream):
    """B31: never idle for long, but after a minute it is not kept, and the next one looks the host up again."""
    now_s = 0.0
    server = await upstream(*[OK] * 6)
    async with UpstreamClient(server.url, 5, clock=lambda: now_s) as client:
        seen = []
        for now_s in (0.0, 20.0, 40.0, AGE_LIMIT_S, AGE_LIMIT_S + 1.0, AGE_LIMIT_S + 21.0):  # noqa: B007  the clock
            await client.request("GET", "/")
            seen.append(server.connections)

    assert seen == [1, 1, 1, 1, 2, 2]


async def test_concurrent_requests_get_their_own_answers(upstream):
    """One connection carries one request: a hundred at a time never mix."""

    async def connected(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            name = head.split()[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))

    async def quiet(reader, writer):
        try:
            await connected(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    async with server, UpstreamClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 5) as client:
        answers = await asyncio.gather(*(client.request("GET", f"/{n}") for n in range(100)))

    assert [answer.body for answer in answers] == [f"/{n}".encode() for n in range(100)]


async def test_a_streamed_body_comes_piece_by_piece(upstream):
    """The head is there before the body; the end is clean and the connection is used again."""
    server = await upstream(CHUNKED, OK)
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.stream("GET", "/")
        pieces = [piece async for piece in answer.body]
        await client.request("GET", "/")

    assert isinstance(answer, StreamedAnswer)
    assert b"".join(pieces) == b"okay!"
    assert server.connections == 1


async def test_a_streamed_body_that_breaks_off_never_ends_cleanly(upstream, close):
    """C31, B13: the reader is told, after what came before."""
    server = await upstream([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", close])
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.stream("GET", "/")
        with pytest.raises(BrokenBodyError):
            await _read_all(answer.body)


async def test_a_streamed_body_that_is_closed_takes_its_connection_with_it(upstream, hold):
    """A reader who leaves: the upstream sees the connection end."""
    server = await upstream([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", hold])
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.stream("GET", "/")
        await answer.body.aclose()
        await answer.body.aclose()

    assert [piece async for piece in answer.body] == []


async def test_a_streamed_request_body_is_chunked(upstream):
    """Pieces go out as they come."""

    async def connected(reader, writer):
        received.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(OK)
        writer.close()

    async def pieces():
        yield b"ab"
        yield b""
        yield b"cde"

    received = []
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server, UpstreamClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 5) as client:
        answer = await client.stream("POST", "/", body=pieces())
        await answer.body.aclose()

    head, _, body = received[0].partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"


async def test_a_streamed_body_of_known_length_says_it(upstream):
    """Not every server takes chunks."""

    async def connected(reader, writer):
        received.append(await reader.readuntil(b"cde"))
        writer.write(OK)
        writer.close()

    async def pieces():
        yield b"ab"
        yield b"cde"

    received = []
    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server, UpstreamClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 5) as client:
        answer = await client.stream("POST", "/", body=pieces(), body_bytes=5)
        await answer.body.aclose()

    head, _, body = received[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"abcde"


async def test_a_slow_reader_stops_the_upstream(upstream):
    """Back-pressure: no more is taken than the reader can hold, and nothing is lost."""
    total_bytes = 4 * 1024 * 1024
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total_bytes + b"x" * total_bytes
    server = await upstream(body)
    async with UpstreamClient(server.url, 5) as client:
        answer = await client.stream("GET", "/")
        received = sum([len(piece) async for piece in answer.body])

    assert received == total_bytes


@pytest.mark.parametrize("url", ["ftp://x", "https://x/path", "x:80", "http://x/path", "http://"])
async def test_a_base_url_is_only_scheme_and_host(url):
    """What the client cannot do is refused at the start."""
    with pytest.raises(ValueError, match="not of the form"):
        UpstreamClient(url, 5)


async def _read_all(body):
    return b"".join([piece async for piece in body])
