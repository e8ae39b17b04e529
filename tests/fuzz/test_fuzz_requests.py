"""Any bytes as requests: they mean the same however they are cut, and nobody else reads them otherwise."""

import asyncio
import re

import h11
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from fuzz.budget import fuzzed
from fuzz.pieces import in_pieces, requests
from kept_wire import Wire
from scalelab.stack.api_gateway.direct_path.known_client import RequestLines
from scalelab.stack.api_gateway.hot_path.request_key import MAX_HEAD_BYTES, request_key
from scalelab.stack.service_kit.bounded_protocol import BoundedProtocol

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Reader:
    """A service that reads each request to its end and keeps it."""

    def __init__(self):
        self.read = []

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        self.read.append((scope["method"].encode(), target, scope["headers"], body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


async def served(pieces):
    """What a service was given of these bytes, the statuses that were answered, and whether that was the end."""
    reader, wire = Reader(), Wire()
    config = Config(reader, http=BoundedProtocol, ws="none", access_log=False, log_config=None)
    config.load()
    protocol = BoundedProtocol(config, ServerState(), {})
    protocol.logger.disabled = True
    protocol.connection_made(wire)
    for piece in pieces:
        if not wire.is_closed:
            protocol.data_received(piece)
            for _ in range(8):
                await asyncio.sleep(0)
    for _ in range(30):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks)
    return reader.read, [int(status) for status in _STATUS.findall(wire.written)], wire.is_closed


def as_h11_reads(data):
    """Whole requests in order, up to the first that h11 refuses or that is not whole."""
    connection, found = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000), []
    connection.receive_data(data)
    try:
        while isinstance(request := connection.next_event(), h11.Request):
            body = b""
            while isinstance(event := connection.next_event(), h11.Data):
                body += bytes(event.data)
            if not isinstance(event, h11.EndOfMessage):
                break
            found.append((bytes(request.method), bytes(request.target), list(request.headers), body))
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()
    except h11.ProtocolError:
        pass
    return found


@fuzzed
@given(data=st.data(), sent=requests)
def test_requests_mean_the_same_however_they_arrive(data, sent):
    """The same requests reach the service, with the same answers and the same end, in one piece or in many."""
    pieces = data.draw(in_pieces(sent))

    assert asyncio.run(served(pieces)) == asyncio.run(served([sent]))


@fuzzed
@given(sent=requests)
def test_who_reads_by_the_letter_reads_the_same(sent):
    """What a service is given, h11 reads too, or refuses: never as another request."""
    ours, _, _ = asyncio.run(served([sent]))
    theirs = as_h11_reads(sent)

    for mine, other in zip(ours, theirs, strict=False):
        assert mine[0] == other[0]
        assert mine[2] == [(bytes(name).lower(), bytes(value)) for name, value in other[2]]
        assert mine[3] == other[3]


@fuzzed
@given(sent=requests)
def test_nothing_is_answered_without_having_been_read(sent):
    """One answer for each request that was read, and at most one refusal, which is the last."""
    read, statuses, is_over = asyncio.run(served([sent]))

    assert statuses[: len(read)] == [200] * len(read)
    assert len(statuses) <= len(read) + 1
    assert len(statuses) == len(read) or is_over


@fuzzed
@given(sent=requests | st.binary(max_size=50))
def test_the_key_of_a_head_loses_nothing(sent):
    """Key and id together are the bytes that came, one head and no more; a target is what the line says."""
    key = request_key(sent)
    if key is not None:
        assert sent == key.head + key.request_id + (b"\r\n\r\n" if key.request_id else b"")
        assert sent.count(b"\r\n\r\n") == 1
        assert len(sent) <= MAX_HEAD_BYTES
    target = RequestLines(["/data", "/process"]).read(sent)
    if target is not None:
        assert sent == b"GET %b?key=%b HTTP/1.1\r\n%b" % (target.path.encode(), target.key, target.fields)
        assert 0 < int(target.key) < 10**18
