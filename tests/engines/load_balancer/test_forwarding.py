"""What every engine does with a request and its answer."""

import asyncio
import contextlib
import json
from collections import Counter

import aiohttp
import pytest

pytestmark = pytest.mark.integration

BUFFERS_BYTES = 32_000_000
"""More than the sockets of two hops hold together."""


async def test_round_robin_is_exact(start_gateways, use_balancer):
    """Three gateways get the same number of requests, in turn."""
    gateways = await start_gateways(3)
    balancer = await use_balancer(gateways)

    names = await balancer.answering_gateways(30)

    assert Counter(names) == {gateway.name: 10 for gateway in gateways}
    assert all(len(set(names[start : start + 3])) == 3 for start in range(0, 30, 3))


async def received_by(balancer, headers):
    """Fields as the gateway got them, lower case; and the names of those in the answer."""
    async with balancer.client.get("/echo", headers=headers) as response:
        received = [(name.lower(), value) for name, value in (await response.json())["headers"]]
        return received, {name.lower() for name in response.headers}


async def test_what_one_hop_says_about_its_connection_ends_there(start_gateways, use_balancer):
    """Hop-by-hop fields pass in neither direction."""
    balancer = await use_balancer(await start_gateways(1))
    sent = {
        "Connection": "keep-alive, TE",
        "Keep-Alive": "timeout=5",
        "Proxy-Connection": "keep-alive",
        "TE": "trailers",
        "Trailer": "X-Sum",
        "X-End-To-End": "1",
    }

    received, answered = await received_by(balancer, sent)

    received = dict(received)
    assert received["x-end-to-end"] == "1"
    assert received["host"] == f"127.0.0.1:{balancer.port}"
    assert not received.keys() & {"te", "trailer", "keep-alive", "proxy-connection"}
    assert received.get("connection", "keep-alive").lower() == "keep-alive"
    assert "x-end" in answered
    assert not answered & {"x-only-for-the-hop", "keep-alive"}


async def test_what_a_sender_names_in_connection_ends_there(start_gateways, use_balancer):
    """RFC 9110, 7.6.1."""
    balancer = await use_balancer(await start_gateways(1))

    received, _ = await received_by(balancer, {"Connection": "X-Custom, keep-alive", "X-Custom": "1", "X-Other": "1"})

    assert "x-custom" not in dict(received)
    assert dict(received)["x-other"] == "1"


FORGED = [
    ("X-Forwarded-For", "1.2.3.4"),
    ("X-Forwarded-For", "5.6.7.8"),
    ("X_Forwarded_For", "1.2.3.4"),
    ("X-Forwarded_Host", "evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-User", "root"),
    ("X-Real-IP", "1.2.3.4"),
    ("Forwarded", "for=1.2.3.4"),
]


async def test_forged_forwarding_headers_are_replaced(start_gateways, use_balancer):
    """Who asks, how and for which host is what the balancer saw, whatever the client claims."""
    balancer = await use_balancer(await start_gateways(1))

    received, _ = await received_by(balancer, FORGED)

    assert sorted(field for field in received if "forwarded" in field[0] or "real" in field[0]) == seen_by(balancer)
    assert "x-request-id" in dict(received)


async def test_what_addresses_a_message_stays_whoever_names_it(start_gateways, use_balancer):
    """A13: Host, and what the balancer says of the client, are no fields of one hop."""
    balancer = await use_balancer(await start_gateways(1))
    named = ("Connection", "Host, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id")

    received, _ = await received_by(balancer, [*FORGED, named])

    assert sorted(field for field in received if "forwarded" in field[0] or "real" in field[0]) == seen_by(balancer)
    assert dict(received)["host"] == f"127.0.0.1:{balancer.port}"
    assert "x-request-id" in dict(received)


def seen_by(balancer):
    return [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", f"127.0.0.1:{balancer.port}"),
        ("x-forwarded-proto", "http"),
    ]


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [(["abc.DEF-1_2"], True), ([], False), (['a"b'], False), (["x" * 65], False), (["one", "two"], False)],
    ids=["harmless", "none", "quoted", "long", "two"],
)
async def test_a_request_id_is_kept_or_made(start_gateways, use_balancer, given, is_kept):
    """A harmless id travels on; otherwise there is exactly one new one."""
    balancer = await use_balancer(await start_gateways(1))

    async with balancer.client.get("/echo", headers=[("X-Request-Id", value) for value in given]) as response:
        received = [value for name, value in (await response.json())["headers"] if name.lower() == "x-request-id"]

    assert len(received) == 1
    assert (received == given) == is_kept
    assert 1 <= len(received[0]) <= 64


@pytest.mark.parametrize("target", ["/a%2Fb/../c;x?q=%20a&b=1", "//two", "/echo?"])
async def test_the_target_is_passed_on_as_it_came(start_gateways, use_balancer, target):
    """Nothing in path or query is decoded, resolved or tidied up."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    answer = await _raw(balancer.port, f"GET {target} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert gateway.requests[-1][1].rstrip("?") == target.rstrip("?")


async def test_an_event_stream_arrives_chunk_by_chunk(start_gateways, use_balancer):
    """The head comes before the first byte of the body, and a chunk before the next one is sent."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    async with asyncio.timeout(5), balancer.client.get("/sse") as response:
        chunks = []
        for number in range(3):
            gateway.chunks.put_nowait(b"data: %d\n\n" % number)
            chunks.append(await response.content.readany())
        gateway.chunks.put_nowait(None)
        rest = await response.read()

    assert chunks == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    assert rest == b""


async def test_an_upload_streams_through(start_gateways, use_balancer):
    """A chunked body reaches the gateway while the client is still sending, and all of it arrives."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])
    seen_first: list[bytes] = []

    async def body():
        yield b"a" * 1000
        seen_first.append(await gateway.received.get())
        for _ in range(128):
            yield b"b" * 65_536

    async with asyncio.timeout(20), balancer.client.post("/upload", data=body()) as response:
        answer = await response.json()

    assert seen_first[0].startswith(b"a")
    assert answer["body_bytes"] == 1000 + 128 * 65_536


async def test_an_upload_that_nobody_reads_is_held_back(start_gateways, use_balancer):
    """What the gateway does not take, the balancer does not take from the client: its memory is bounded."""
    balancer = await use_balancer(await start_gateways(1))
    _, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
    writer.write(b"POST /unread HTTP/1.1\r\nHost: lab\r\nContent-Length: 1000000000\r\n\r\n")

    sent_bytes = 0
    with contextlib.suppress(TimeoutError):
        while sent_bytes < 200_000_000:
            writer.write(b"x" * 65_536)
            await asyncio.wait_for(writer.drain(), 0.5)
            sent_bytes += 65_536
    writer.transport.abort()
    await asyncio.sleep(0)

    assert sent_bytes < BUFFERS_BYTES


async def test_a_download_that_nobody_reads_is_held_back(start_gateways, use_balancer, until):
    """The same the other way; and the gateway's work ends with the client."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port, limit=1024)
    writer.write(b"GET /flood HTTP/1.1\r\nHost: lab\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")

    written_bytes = -1
    while written_bytes != gateway.written_bytes and gateway.written_bytes < 200_000_000:
        written_bytes = gateway.written_bytes
        await asyncio.sleep(0.3)
    writer.transport.abort()
    await until(lambda: gateway.cancelled == 1 or (gateway.runner and not gateway.runner.server.connections))

    assert written_bytes < BUFFERS_BYTES


async def test_a_folded_header_line_never_passes_as_such(start_gateways, use_balancer):
    """RFC 9112, 5.2: refused, or made one line."""
    balancer = await use_balancer(await start_gateways(1))

    answer = await _raw(
        balancer.port, b"GET /echo HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nX-Folded: a\r\n b\r\n\r\n"
    )

    status = int(answer.split()[1])
    received = dict(json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]) if status == 200 else {}
    assert status in {200, 400}
    assert {
        value.split() == ["a", "b"] and "\n" not in value
        for name, value in received.items()
        if name.lower() == "x-folded"
    } <= {True}


async def test_head_has_the_length_and_no_body(start_gateways, use_balancer):
    """The answer to HEAD is framed as it is for GET."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    async with balancer.client.head("/echo") as response:
        length, body = int(response.headers["Content-Length"]), await response.read()

    assert response.status == 200
    assert length > 0
    assert body == b""
    assert gateway.requests == [("HEAD", "/echo")]


async def test_expect_100_continue_is_answered(start_gateways, use_balancer):
    """A client that waits for 100 gets it, and then its answer."""
    balancer = await use_balancer(await start_gateways(1))

    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: lab\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        interim = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert interim.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"body_bytes": 3' in answer


@pytest.mark.parametrize("target", ["/cut?length", "/cut"])
async def test_a_truncated_answer_is_not_ended_cleanly(start_gateways, use_balancer, target):
    """When the gateway breaks off, so does the balancer: nobody takes half an answer for a whole one."""
    balancer = await use_balancer(await start_gateways(1))

    async with asyncio.timeout(5):
        response = await balancer.client.get(target)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    assert response.status == 200


async def test_a_client_that_goes_takes_its_request_along(start_gateways, use_balancer, until):
    """The gateway's work is cancelled and the books balance."""
    [gateway] = await start_gateways(1)
    balancer = await use_balancer([gateway])

    asking = [asyncio.create_task(balancer.client.get("/hold")) for _ in range(5)]
    await until(lambda: len(gateway.requests) == 5)
    in_flight = (await balancer.view())[gateway.name]["in_flight"]
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await until(lambda: gateway.cancelled == 5, "cancellation")

    assert in_flight in {5, None}  # nginx does not tell
    assert (await balancer.view())[gateway.name]["in_flight"] in {0, None}


async def _raw(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer
