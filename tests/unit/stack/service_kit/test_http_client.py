"""The upstream client against a real server on loopback: what it sends, what it keeps, and trouble as a value."""

import asyncio
import socket

import pytest
import structlog
from aiohttp import web

from scalelab.stack.service_kit.http_client import UpstreamAnswer, UpstreamClient, UpstreamFault, client_session


@pytest.fixture
async def serve():
    """`await serve(handler)` starts a server with one handler for everything and returns its base URL."""
    runners = []

    async def start(handler):
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def session():
    async with client_session() as opened:
        yield opened


async def test_an_answer_is_whole(serve, session):
    """Status, headers in order (also doubled ones) and body come back as received."""

    async def handler(_request):
        response = web.Response(status=418, body=b"tea")
        response.headers.add("X-Pot", "1")
        response.headers.add("X-Pot", "2")
        return response

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    answer = await client.request("GET", "/")

    assert isinstance(answer, UpstreamAnswer)
    assert (answer.status, answer.body) == (418, b"tea")
    assert [value for name, value in answer.headers if name == "X-Pot"] == ["1", "2"]


async def test_nothing_is_sent_that_the_caller_did_not_say(serve, session):
    """No Accept-Encoding, no User-Agent, no Accept, no Content-Type of the library's own."""
    seen = {}

    async def handler(request):
        seen.update(request.headers)
        return web.Response()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    await client.request("POST", "/", body=b"x", headers={"X-Own": "1"})

    assert {name.lower() for name in seen} == {"host", "content-length", "x-own"}


@pytest.mark.parametrize("target", ["/a%2Fb?q=%41%2B+", "/a/../b", "/data?key=1&key=2", "/x?", "/%7euser"])
async def test_the_path_is_sent_as_it_was_given(serve, session, target):
    """An encoded path is neither decoded nor normalised."""
    seen = []

    async def handler(request):
        seen.append(request.raw_path)
        return web.Response()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    await client.request("GET", target)

    assert seen == [target.rstrip("?")]


async def test_no_cookie_goes_from_one_request_to_another(serve, session):
    """A cookie set for one user is not sent for the next."""
    seen = []

    async def handler(request):
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=ada"})

    # a host name, because a cookie jar of aiohttp refuses cookies of addresses anyway
    client = UpstreamClient(session, (await serve(handler)).replace("127.0.0.1", "localhost"), timeout_s=5)

    for _ in range(2):
        await client.request("GET", "/")

    assert seen == [None, None]


async def test_a_redirect_is_an_answer(serve, session):
    """The client follows nothing."""

    async def handler(_request):
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    answer = await client.request("GET", "/")

    assert isinstance(answer, UpstreamAnswer)
    assert answer.status == 302


async def test_the_request_id_travels(serve, session):
    """The id of the request in hand goes upstream."""
    seen = []

    async def handler(request):
        seen.append(request.headers.get("X-Request-Id"))
        return web.Response()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    with structlog.contextvars.bound_contextvars(request_id="r-5"):
        await client.request("GET", "/")
    await client.request("GET", "/")

    assert seen == ["r-5", None]


async def test_connections_are_kept(serve, session):
    """Two requests after one another use one connection."""
    peers = []

    async def handler(request):
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    for _ in range(2):
        await client.request("GET", "/")

    assert peers[0] == peers[1]


async def test_a_refused_connection_is_unreachable(session):
    """Nobody listens: a value, no exception."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    client = UpstreamClient(session, f"http://127.0.0.1:{port}", timeout_s=5)

    fault = await client.request("GET", "/")

    assert isinstance(fault, UpstreamFault)
    assert fault.kind == "unreachable"


async def test_an_answer_that_does_not_come_is_a_timeout(serve, session):
    """The deadline covers the whole answer."""

    async def handler(_request):
        await asyncio.Event().wait()

    client = UpstreamClient(session, await serve(handler), timeout_s=0.05)

    fault = await client.request("GET", "/")

    assert fault == UpstreamFault("timeout", "no answer within 0.05 s")


async def test_a_body_that_stops_halfway_is_broken(serve, session):
    """A shorter body than announced is no answer."""

    async def handler(request):
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        request.transport.close()
        await asyncio.Event().wait()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    fault = await client.request("GET", "/")

    assert isinstance(fault, UpstreamFault)
    assert fault.kind == "broken"


async def test_bytes_that_are_no_http_are_broken(serve, session):
    """A foreign protocol is a value as well."""

    async def handler(request):
        request.transport.write(b"SSH-2.0-whatever\r\n\r\n")
        request.transport.close()
        await asyncio.Event().wait()

    client = UpstreamClient(session, await serve(handler), timeout_s=5)

    fault = await client.request("GET", "/")

    assert isinstance(fault, UpstreamFault)
    assert fault.kind == "broken"
