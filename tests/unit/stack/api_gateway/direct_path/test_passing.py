"""A read that is only passed on leaves as on the ordinary way, whatever its service says, and however it ends."""

import asyncio
import contextlib
import re

import pytest

from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.direct_path.passing import PassingCycle
from scalelab.stack.api_gateway.sessions import Revocation
from scalelab.stack.api_gateway.upstream_paths import record_path_of
from scalelab.stack.upstream import UpstreamClient

PLAIN = (
    b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)
ANSWERS = {
    "plain": PLAIN,
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "tagged": b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 2\r\n\r\nok',
    "weakly tagged": b'HTTP/1.1 200 OK\r\nETag: W/"a"\r\nContent-Length: 2\r\n\r\nok',
    "ruled": b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok",
    "own fields": (
        b"HTTP/1.1 200 OK\r\nConnection: x-own\r\nX-Own: 1\r\nX-Cache: HIT\r\nAge: 7\r\nContent-Length: 2\r\n\r\nok"
    ),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "large": b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    "not there": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "busy": b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n",
    "failed": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nbad",
    "nonsense": b"SMTP ready\r\n\r\n",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    "two": PLAIN + PLAIN,
}


class Service:
    """Answers as it is told, byte for byte; b"" closes the connection without a word, None never answers."""

    def __init__(self):
        self.answers, self.asked, self.connections = [], [], 0
        self._writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(head)
                answer = self.answers.pop(0)
                if answer is None:
                    continue
                if not answer:
                    writer.close()
                    return
                writer.write(answer)
                if answer in {ANSWERS["half"], ANSWERS["nonsense"]}:
                    writer.close()
                    return

    def hang_up(self):
        for writer in self._writers:
            writer.close()


@pytest.fixture
async def service():
    service = Service()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield service
    service.hang_up()
    server.close()


@pytest.fixture
async def passing(open_gateway, service, request):
    """A gateway that passes reads on to the service, and one that does not; each with a client of its own."""
    gateways, timeout_s = [], getattr(request, "param", 10.0)
    async with UpstreamClient(service.url, timeout_s) as direct, UpstreamClient(service.url, timeout_s) as ordinary:
        for client in (direct, ordinary):
            gateway = open_gateway(cache_ttl_s=0.0, hit_path=False, direct_path=client is direct)
            gateway.lab.parts.database = client
            if client is direct:
                gateway.reads.passages = {"/data": Passage(client, record_path_of)}
            gateways.append(gateway)
        yield gateways
        for gateway in gateways:
            gateway.end()


async def answered(wire, is_over=lambda wire: b"\r\n\r\n" in wire.written):
    async with asyncio.timeout(10):
        while not (is_over(wire) or wire.is_closed):  # noqa: ASYNC110  told by nobody
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.001)
    return wire.taken()


def without_names(data):
    data = re.sub(rb"\r\ndate: [^\r]*", b"\r\ndate: then", data)
    data = re.sub(rb"\r\nx-request-id: (?!mine)[^\r]*", b"\r\nx-request-id: some", data)
    return re.sub(rb'"request_id": "[^"]*"', b"", data)


def bearer(gateway):
    """The same each time: another token would be another client, who is not known yet."""
    if not hasattr(gateway, "alice"):
        gateway.alice = f"Authorization: Bearer {gateway.token('alice')}"
    return gateway.alice


async def conversation(gateway, service, head, answers, extra=()):
    """What comes back for one request after the other; the first one makes the client known."""
    protocol, wire = gateway.connect()
    token = bearer(gateway)
    told = []
    for number, answer in enumerate([PLAIN, *answers], start=1):
        service.answers.append(answer)
        protocol.data_received(head("GET", number, "Host: lab", token, *extra))
        told.append(without_names(await answered(wire)))
    return told, protocol


def kept_connection(gateway):
    """The only one to the service, for answers that come piece by piece."""
    (connection,) = gateway.lab.parts.database._pool._all
    return connection


@pytest.mark.parametrize("name", ANSWERS)
async def test_no_byte_differs_from_the_ordinary_way(passing, service, head, name):
    """The answer, and the next one after it."""
    direct, ordinary = passing

    here, protocol = await conversation(direct, service, head, [PLAIN, ANSWERS[name], PLAIN])
    there, _ = await conversation(ordinary, service, head, [PLAIN, ANSWERS[name], PLAIN])

    assert here == there
    assert isinstance(protocol._read, PassingCycle)


async def test_what_goes_up_is_the_same(passing, service, head):
    """Line, host, encoding and id, in one order."""
    direct, ordinary = passing

    await conversation(direct, service, head, [PLAIN], ["X-Request-Id: mine-1"])
    sent, service.asked = service.asked, []
    await conversation(ordinary, service, head, [PLAIN], ["X-Request-Id: mine-1"])

    assert sent == service.asked
    assert sent[1].startswith(b"GET /records/2 HTTP/1.1\r\n")


async def test_a_kept_connection_that_was_closed_just_then_is_replaced_once(passing, service, head):
    """The service hangs up without a word: the request is sent again on a fresh one."""
    direct, _ = passing
    await conversation(direct, service, head, [PLAIN])
    before = service.connections

    service.answers += [b"", PLAIN]
    protocol, wire = direct.connect()
    protocol.data_received(head("GET", 9, "Host: lab", bearer(direct)))
    answer = await answered(wire)

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert service.connections == before + 1
    assert [line.split(b"\r\n")[0] for line in service.asked[-2:]] == [b"GET /records/9 HTTP/1.1"] * 2


async def test_a_service_that_hangs_up_twice_is_a_bad_gateway(passing, service, head):
    """One replay, not more."""
    direct, _ = passing
    await conversation(direct, service, head, [PLAIN])
    asked = len(service.asked)

    service.answers += [b"", b""]
    protocol, wire = direct.connect()
    protocol.data_received(head("GET", 9, "Host: lab", bearer(direct)))
    answer = await answered(wire)

    assert answer.startswith(b"HTTP/1.1 502 ")
    assert len(service.asked) - asked == 2


@pytest.mark.parametrize("passing", [1.0], indirect=True)
async def test_a_service_that_never_answers_is_in_time_a_gateway_timeout(passing, service, head):
    """The one timer of all requests tells this one, too."""
    direct, _ = passing

    told, _ = await conversation(direct, service, head, [PLAIN, None])

    assert told[2].startswith(b"HTTP/1.1 504 ")
    assert direct.lab.metric("scalelab_requests_in_flight") == 0


async def test_who_leaves_ends_the_work_and_the_books(passing, service, head):
    """The connection to the service is given up: what may still come on it belongs to nobody."""
    direct, _ = passing
    await conversation(direct, service, head, [PLAIN])
    service.answers.append(None)
    protocol, _ = direct.connect()
    protocol.data_received(head("GET", 9, "Host: lab", bearer(direct)))
    under_way = direct.lab.metric("scalelab_requests_in_flight")

    protocol.connection_lost(None)
    told, _ = await conversation(direct, service, head, [PLAIN])

    assert under_way == 1
    assert direct.lab.metric("scalelab_requests_in_flight") == 0
    assert told[1].startswith(b"HTTP/1.1 200 OK")


async def test_a_token_that_was_revoked_is_no_longer_passed(passing, service, head):
    """At once, though it was let in a moment ago."""
    direct, _ = passing
    told, protocol = await conversation(direct, service, head, [PLAIN])
    bearer_token = bearer(direct).rpartition(" ")[2]
    direct.lab.parts.access.revoked.add(Revocation(direct.jti(bearer_token), direct.lab.clock() + 1000))
    protocol.data_received(head("GET", 3, "Host: lab", bearer(direct)))
    answer = await answered(protocol.transport)

    assert told[1].startswith(b"HTTP/1.1 200 ")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert len(service.asked) == 2


async def test_a_token_that_has_ended_is_no_longer_passed(passing, service, head):
    """Its time is compared with the clock."""
    direct, _ = passing
    protocol, wire = direct.connect()
    service.answers += [PLAIN, PLAIN]
    for key in (1, 2):
        protocol.data_received(head("GET", key, "Host: lab", bearer(direct)))
        await answered(wire)

    direct.lab.clock.now_s += 10_000.0
    protocol.data_received(head("GET", 3, "Host: lab", bearer(direct)))
    answer = await answered(wire)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert len(service.asked) == 2


async def test_an_idle_connection_is_closed_but_not_one_that_waits_for_its_answer(passing, service, head):
    """Reads that are passed on leave the idle timer alone: it asks what has happened since."""
    direct, _ = passing
    _, protocol = await conversation(direct, service, head, [PLAIN])
    wire, clock = protocol.transport, direct.lab.clock
    service.answers.append(None)
    clock.now_s += 100
    protocol.data_received(head("GET", 3, "Host: lab", bearer(direct)))
    protocol.timeout_keep_alive_handler()
    is_open_meanwhile = not wire.is_closed
    kept_connection(direct).data_received(PLAIN)
    await answered(wire)
    clock.now_s += protocol.timeout_keep_alive - 0.01
    protocol.timeout_keep_alive_handler()
    is_open_after_it = not wire.is_closed
    clock.now_s += 0.01
    protocol.timeout_keep_alive_handler()

    assert (is_open_meanwhile, is_open_after_it, wire.is_closed) == (True, True, True)


async def test_what_is_pipelined_behind_a_read_is_answered_after_it(passing, service, head):
    """And the connection goes on."""
    direct, _ = passing
    _, protocol = await conversation(direct, service, head, [PLAIN])
    wire = protocol.transport
    service.answers += [PLAIN, ANSWERS["tagged"], PLAIN]
    protocol.data_received(head("GET", 3, "Host: lab", bearer(direct)))
    protocol.data_received(head("GET", 4, "Host: lab", bearer(direct)))
    both = await answered(wire, lambda wire: wire.written.count(b"HTTP/1.1 ") == 2)
    protocol.data_received(head("GET", 5, "Host: lab", bearer(direct)))
    after = await answered(wire)

    assert re.findall(rb"etag: (\S{3})", both)[1] == b'"a"'
    assert after.startswith(b"HTTP/1.1 200 ")
    assert direct.lab.metric("scalelab_requests_in_flight") == 0


@pytest.mark.parametrize("name", ["empty", "plain", "chunked"])
async def test_an_answer_may_be_torn_anywhere(passing, service, head, name):
    """Nothing is written before all of it has come, and then the same as in one piece."""
    direct, _ = passing
    told, protocol = await conversation(direct, service, head, [ANSWERS[name]])
    wire, answer = protocol.transport, ANSWERS[name]
    for place in range(1, len(answer)):
        service.answers.append(None)
        protocol.data_received(head("GET", place, "Host: lab", bearer(direct)))
        connection = kept_connection(direct)
        connection.data_received(answer[:place])
        await asyncio.sleep(0)
        early = wire.taken()
        connection.data_received(answer[place:])

        assert early == b""
        assert without_names(await answered(wire)) == told[1]


async def test_a_server_that_stops_answers_first(passing, service, head):
    """The answer under way is the connection's last, and says so."""
    direct, _ = passing
    _, protocol = await conversation(direct, service, head, [PLAIN])
    wire = protocol.transport
    service.answers.append(None)
    protocol.data_received(head("GET", 3, "Host: lab", bearer(direct)))
    protocol.shutdown()
    is_closed_early = wire.is_closed
    kept_connection(direct).data_received(PLAIN)
    answer = await answered(wire)

    assert (is_closed_early, wire.is_closed) == (False, True)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer


async def test_no_answer_of_a_service_is_read_again_line_by_line(passing, service, head):
    """A service that says its date and the request's id, as ours do: the head is known from the second on."""
    direct, _ = passing
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\nX-Request-Id: %d\r\n\r\nok"
    await conversation(direct, service, head, [said % number for number in range(4)])

    assert len(direct.reads.passages["/data"].heads._heads) == 1


async def test_several_at_once_get_their_own(passing, service, head):
    """Twenty connections, answers in any order of arrival: each gets the record that it asked for."""
    direct, _ = passing
    token = bearer(direct)
    await conversation(direct, service, head, [PLAIN])
    wires = []
    for key in range(10, 30):
        body = b"record %d" % key
        service.answers.append(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    for key in range(10, 30):
        protocol, wire = direct.connect()
        protocol.data_received(head("GET", key, "Host: lab", token))
        wires.append(wire)
        await answered(wire)

    paths = [line.split(b" ")[1].rpartition(b"/")[2] for line in service.asked[-20:]]
    assert paths == [b"%d" % key for key in range(10, 30)]
