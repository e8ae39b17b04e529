"""The protocol's bounds and turns, on connections whose bytes are kept."""

import asyncio
import json
import re

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from kept_wire import HalfClosingWire
from scalelab.stack.service_kit.bounded_protocol import DRAINED_BYTES, LINGER_BYTES, BoundedProtocol
from scalelab.stack.service_kit.message_rules import Bounds

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
GET = b"GET /%b HTTP/1.1\r\nHost: lab\r\n\r\n"
CHUNKED = b"POST /%b HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"POST /%b HTTP/1.1\r\nHost: lab\r\nContent-Length: %d\r\n\r\n"


class Service:
    """Answers at once; below `/read` when it has the body, below `/held` when it is released."""

    def __init__(self):
        self.fields = []
        self.bodies = []
        self.gone = 0
        self.release = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.fields.append(scope["headers"])
        if scope["path"] == "/read" and not await self._read(receive):
            return
        if scope["path"] == "/held":
            await self.release.wait()
        length = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _read(self, receive):
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return False
            body += message["body"]
            if not message["more_body"]:
                self.bodies.append(body)
                return True


class Connection:
    def __init__(self, bounds):
        self.service = Service()
        config = Config(self.service, http=BoundedProtocol, ws="none", access_log=False, log_config=None)
        config.load()
        self.protocol, self.wire = BoundedProtocol(config, ServerState(), {}, bounds=bounds), HalfClosingWire()
        self.protocol.connection_made(self.wire)

    async def send(self, *pieces):
        for piece in pieces:
            self.protocol.data_received(piece)
            await self.settle()

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def statuses(self):
        return [int(status) for status in STATUS.findall(self.wire.written)]

    @property
    def is_over(self):
        return self.wire.is_half_closed or self.wire.is_closed


@pytest.fixture
def connect():
    made = []

    def make(**bounds):
        connection = Connection(Bounds(**bounds))
        made.append(connection)
        return connection

    yield make
    for connection in made:
        connection.protocol._stop_watch()
        connection.protocol._unset_keepalive_if_required()


async def test_requests_follow_one_another(connect):
    """In pieces, in one piece, with a body read or not."""
    connection = connect()
    await connection.send(GET % b"a", (GET % b"b")[:9], (GET % b"b")[9:], LENGTH % (b"read", 3) + b"abc")
    await connection.send(
        LENGTH % (b"c", 4), b"none", CHUNKED % b"read" + b"2\r\nde\r\n", b"0\r\n\r\n", GET % b"d" * 2
    )

    assert connection.statuses == [200] * 7
    assert connection.service.bodies == [b"abc", b"de"]
    assert not connection.is_over
    assert connection.protocol._watch is None


async def test_what_is_malformed_is_refused_in_its_turn(connect):
    """Behind one that is held: its answer first, then 400, then the end; what comes then is no request."""
    connection = connect()
    await connection.send(GET % b"held" + b"GET / HTTP/1.1\r\nHost : lab\r\n\r\n", GET % b"a")
    before = connection.statuses
    connection.service.release.set()
    await connection.settle()
    await connection.send(GET % b"b")

    assert (before, connection.statuses) == ([], [200, 400])
    assert connection.is_over
    assert len(connection.service.fields) == 1


async def test_a_refusal_is_a_problem_document(connect):
    """With an id, as every error."""
    connection = connect()
    await connection.send(b"GET / HTTP/1.1\r\nHost: lab\r\nHost: lab\r\n\r\n")
    head, _, body = connection.wire.written.partition(b"\r\n\r\n")
    document = json.loads(body)

    assert (document["status"], document["title"]) == (400, "Bad Request")
    assert f"x-request-id: {document['request_id']}\r\n".encode() in head
    assert f"content-length: {len(body)}\r\n".encode() in head


async def test_a_broken_body_in_the_line_is_refused_in_its_turn(connect):
    """A request is held, one waits, and the body of a third breaks: two answers and a refusal."""
    connection = connect()
    await connection.send(GET % b"held" + GET % b"b" + CHUNKED % b"read", b"zz\r\n")
    connection.service.release.set()
    await connection.settle()

    assert connection.statuses == [200, 200, 400]
    assert connection.is_over
    assert connection.service.bodies == []


async def test_a_broken_body_ends_its_request(connect):
    """400, and its handler is told; after an early answer only the end."""
    reading, answered = connect(), connect()
    await reading.send(CHUNKED % b"read", b"2\r\nab\r\n", b"+2\r\n")
    await answered.send(LENGTH % (b"a", 9), b"abc")
    answered.protocol._refuse(answered.protocol._refusal)

    assert (reading.statuses, reading.service.gone) == ([400], 1)
    assert answered.statuses == [200]
    assert reading.is_over
    assert answered.is_over


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\nHost: lab\r\nX: " + b"a" * 40_000 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: lab\r\nX: ", *[b"a" * 4096] * 9],
        [b"GET / HTTP/1.1\r\nHost: lab\r\n", *[b"X: y\r\n" * 1000] * 8],
        [b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: lab\r\n\r\n"],
    ],
    ids=["whole", "dripped", "fields", "target"],
)
async def test_a_large_head_is_refused(connect, pieces):
    """431, whole or not."""
    connection = connect()
    await connection.send(*pieces)

    assert connection.statuses == [431]
    assert connection.is_over


async def test_many_small_heads_at_once_are_not_a_large_one(connect):
    """Only the last is answered late: the base class lets the others wait."""
    connection = connect()
    await connection.send(GET % b"a" * 1500 + (GET % b"b")[:10], (GET % b"b")[10:])
    for _ in range(400):
        await connection.settle()

    assert connection.statuses == [200] * 1501


@pytest.mark.parametrize("overhead", [b"1;" + b"x" * 9000, b"0\r\nX: " + b"y" * 9000], ids=["extension", "trailer"])
async def test_what_is_around_a_body_is_bounded(connect, overhead):
    """Chunk extensions and trailers without end."""
    connection = connect()
    await connection.send(CHUNKED % b"read", overhead, *[b"z" * 9000] * 4)

    assert connection.statuses == [400]
    assert connection.service.bodies == []


async def test_trailers_are_not_fields_of_the_head(connect):
    """A forged one would look like a proxy's word."""
    connection = connect()
    await connection.send(CHUNKED % b"read" + b"1\r\na\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")

    assert connection.statuses == [200]
    assert [name for name, _ in connection.service.fields[0]] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("head", [LENGTH % (b"a", DRAINED_BYTES + 1), CHUNKED % b"a" + b"2\r\nab\r\n"])
async def test_a_large_body_that_nobody_reads_ends_the_connection(connect, head):
    """The answer first; then some of it is thrown away, and then no more."""
    connection = connect()
    await connection.send(head)
    answered = (connection.statuses, connection.wire.is_half_closed, connection.wire.is_closed)
    await connection.send(*[b"x" * 65_536] * (LINGER_BYTES // 65_536 + 1))

    assert answered == ([200], True, False)
    assert connection.wire.is_closed


async def test_a_slow_head_and_a_slow_body_are_refused(connect):
    """408: the head when its time is over, the body when a window brought too little of it."""
    head, body, brisk = (connect(body_s=2.0) for _ in range(3))
    await head.send(b"GET / HTTP/1.1\r\n")
    head.protocol._look()
    for connection in (body, brisk):
        await connection.send(LENGTH % (b"read", 5000))
        connection.protocol._look()
    await body.send(b"x" * 999)
    await brisk.send(b"x" * 1000)
    for connection in (body, brisk):
        connection.protocol._look()
        await connection.settle()

    assert (head.statuses, body.statuses, brisk.statuses) == ([408], [408], [])
    assert (head.is_over, body.is_over, brisk.is_over) == (True, True, False)
    assert body.service.gone == 1


async def test_a_body_that_we_do_not_read_is_not_slow(connect):
    """Back-pressure is ours."""
    connection = connect()
    await connection.send(LENGTH % (b"held", 900_000), b"x" * 100_000)
    for _ in range(3):
        connection.protocol._look()

    assert connection.statuses == []
    assert not connection.is_over


async def test_an_upgrade_is_not_made(connect):
    """An ordinary answer, and the end."""
    connection = connect()
    await connection.send(b"GET /a HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert connection.statuses == [200]
    assert connection.is_over


async def test_a_connection_that_ends_leaves_no_timer(connect):
    """Whatever was under way."""
    connection = connect()
    await connection.send(LENGTH % (b"read", 10))
    connection.protocol.connection_lost(None)
    await connection.settle()

    assert connection.protocol._watch is None
    assert connection.protocol.timeout_keep_alive_task is None
    assert connection.service.gone == 1


async def test_only_who_asks_nothing_makes_room(connect):
    """A request in hand, a head that has begun, a refusal: those are not idle."""
    fresh, answered, held, begun, refused = (connect() for _ in range(5))
    await answered.send(GET % b"a")
    await held.send(GET % b"held")
    await begun.send(b"GET /")
    await refused.send(b"GET / HTTP/9.9\r\n\r\n")
    idle = [one.protocol.idle_until_s is not None for one in (fresh, answered, held, begun, refused)]
    fresh.protocol.make_room()
    held.service.release.set()

    assert idle == [True, True, False, False, False]
    assert fresh.wire.is_closed
    assert fresh.protocol.idle_until_s is None
