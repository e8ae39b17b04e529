"""The direct path answers as the ordinary one does, whatever comes on a connection, and whoever leaves."""

import asyncio
import re

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scalelab.stack.api_gateway.purging import PurgeRequest
from scalelab.stack.api_gateway.sessions import Revocation
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

STEPS = st.one_of(
    st.tuples(st.just("send"), st.lists(st.integers(0, 22), min_size=1, max_size=3), st.integers(1, 700)),
    st.tuples(st.just("new"), st.integers(1, 9), st.booleans()),
    st.tuples(st.just("new"), st.integers(1, 9), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([0.31, 20.13, 61.3, 131.7]), st.none()),
    st.tuples(st.just("write"), st.none(), st.none()),
    st.tuples(st.just("purge"), st.sampled_from([{"key": 1}, {"tag": "record:1"}, {"everything": True}]), st.none()),
    st.tuples(st.just("fault"), st.sampled_from(["timeout", "broken", 404, 503, 500, 299, "private"]), st.none()),
    st.tuples(st.just("revoke"), st.none(), st.none()),
)


def requests_of(head, alice, bob):
    """The requests that are drawn from."""
    host = "Host: lab"
    return [
        *(head("GET", key, host, alice) for key in (1, 2, 3)),
        *(head("GET", key, host, bob) for key in (1, 4)),
        head("GET", 1, host, alice, "Connection: keep-alive"),
        head("GET", 5, alice, host),
        head("GET", 5, "Host: other", alice),
        head("GET", 6, host, alice, "X-Request-Id: mine-1"),
        head("GET", 7, host, alice, "x-request-id: mine-2"),
        head("GET", 1, host, "X-Request-Id: mine-3", alice),
        head("GET", 1, host, alice, "X-Request-Id: not a token"),
        head("HEAD", 1, host, alice),
        head("GET", 1, host, alice, "Cache-Control: no-cache"),
        head("GET", 1, host, alice, "If-None-Match: *"),
        head("GET", 1, host, alice, "Content-Length: 2") + b"xx",
        head("GET", 1, host, alice, "Connection: close"),
        head("GET", 1, host, alice, version="1.0"),
        head("GET", 1, host),
        head("GET", 1, host, alice, bob),
        head("GET", 0, host, alice),
        head("GET", "1&key=2", host, alice),
        head("PUT", 1, host, alice, "Content-Length: 4") + b"what",
    ]


def without_names(data):
    """Without what may differ: the date, and ids that the gateway gave."""
    data = re.sub(rb"\r\ndate: [^\r]*", b"\r\ndate: then", data)
    data = re.sub(rb"\r\nx-request-id: (?!mine)[^\r]*", b"\r\nx-request-id: some", data)
    return re.sub(rb'"request_id": "[^"]*"', b"", data)


def outcome(what):
    """What the database says in the place of a record."""
    if isinstance(what, int):
        return UpstreamAnswer(what, (("Content-Type", "text/plain"), ("Connection", "x-own"), ("X-Own", "1")), b"no")
    if what == "private":
        return UpstreamAnswer(200, (("Cache-Control", "private"), ("Set-Cookie", "a=b")), b"mine")
    return UpstreamFault(what, "as told")


async def step(gateway, wired, taken, requests, head, jti, settled):
    act, what, how = taken
    lab, (protocol, wire) = gateway.lab, wired
    if act in {"send", "new"}:
        data = b"".join(requests[number] for number in what) if act == "send" else b""
        if act == "new":
            bearer = requests[0 if how else 3].decode().split("\r\n")[2]
            data, how = head("GET", 1000 * what + len(lab.database.asked) % 7, "Host: lab", bearer), 10_000
        for piece in filter(None, (data[:how], data[how:])):
            if not wire.is_closed:
                protocol.data_received(piece)
                await settled()
    elif act == "wait":
        lab.clock.now_s += what
    elif act == "write":
        gateway.version += 1
        await lab.parts.cache.invalidate("record:1", writer="w", hold_s=1)
        await lab.parts.coherence.broadcast("tag", ["record:1"])
        await lab.parts.cache.invalidate("record:1", writer="w")
    elif act == "purge":
        await lab.parts.purges.purge(PurgeRequest(**what))
    elif act == "fault":
        lab.database.answers.insert(0, outcome(what))
    else:
        lab.parts.access.revoked.add(Revocation(jti, lab.clock() + 1000))


async def told(gateway, steps, requests, head, jti, settled):
    """What each step was answered with, and what the database was asked."""
    answers, wired = [], gateway.connect()
    for taken in steps:
        if wired[1].is_closed:
            wired = gateway.connect()
        await step(gateway, wired, taken, requests, head, jti, settled)
        answers.append(without_names(wired[1].taken()))
    gateway.end()
    return answers, gateway.lab.database.asked, gateway.lab.database.sent_headers


def counted(gateway):
    """The counters that both paths keep."""
    text = gateway.lab.metrics.exposition().decode()
    kept = (
        "scalelab_requests_total{",
        "scalelab_cache_",
        "scalelab_request_duration_seconds_count",
        "scalelab_requests_in",
    )
    return [line for line in text.splitlines() if line.startswith(kept) and "_created" not in line]


@pytest.mark.parametrize("hit_path", [True, False])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_the_answers_equal_those_with_the_direct_path_switched_off(open_gateway, head, settled, hit_path, steps):
    """Split, pipelined, faulty, expired, purged, written, revoked, other users: no byte and no count differs."""
    direct = open_gateway(direct_path=True, hit_path=hit_path)
    ordinary = open_gateway(direct_path=False, hit_path=hit_path)
    bearers = {subject: direct.token(subject) for subject in ("alice", "bob")}
    requests = requests_of(head, *(f"Authorization: Bearer {token}" for token in bearers.values()))
    jti = direct.jti(bearers["bob"])

    async def both():
        return [await told(gateway, steps, requests, head, jti, settled) for gateway in (direct, ordinary)]

    directly, ordinarily = asyncio.run(both())

    assert directly == ordinarily
    assert counted(direct) == counted(ordinary)


@pytest.fixture
async def known(open_gateway, head, settled):
    """A gateway that knows alice, a connection of hers, and her next request by its key."""
    gateway = open_gateway(access_sample_ratio=0.0)
    bearer = f"Authorization: Bearer {gateway.token('alice')}"
    protocol, wire = gateway.connect()
    protocol.data_received(head("GET", 1, "Host: lab", bearer))
    await settled()
    wire.taken()
    yield gateway, protocol, wire, lambda key, *fields: head("GET", key, "Host: lab", bearer, *fields)
    gateway.end()


async def test_the_second_read_of_a_client_is_direct(known, settled):
    """Whatever it asks for; the answer is stored for all, and counted."""
    gateway, protocol, wire, ask = known
    protocol.data_received(ask(2))
    await settled()
    answer = wire.taken()

    assert protocol._read is not None
    assert (answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer.count(b"x-cache: MISS")) == (True, 1)
    assert gateway.lab.database.asked == ["GET /records/1", "GET /records/2"]
    assert gateway.lab.metric("scalelab_cache_misses_total", route="/data") == 2


async def test_who_leaves_ends_the_work(known, settled):
    """The service is asked no longer, the status is 499, and nothing is written to nobody."""
    gateway, protocol, wire, ask = known
    gateway.lab.database.open.clear()
    protocol.data_received(ask(2))
    await settled()
    under_way = gateway.lab.database.in_flight
    protocol.connection_lost(None)
    await settled()

    assert (under_way, gateway.lab.database.in_flight) == (1, 0)
    assert wire.taken() == b""
    assert gateway.lab.metric("scalelab_requests_total", route="/data", method="GET", status="499") == 1
    assert gateway.lab.metric("scalelab_requests_in_flight") == 0


async def test_who_leaves_harms_nobody_who_waits_for_the_same(known, settled):
    """One fetch for both connections, and it goes on for the one that stays."""
    gateway, protocol, wire, ask = known
    other, other_wire = gateway.connect()
    gateway.lab.database.open.clear()
    protocol.data_received(ask(2))
    await settled()
    other.data_received(ask(2))
    await settled()
    protocol.connection_lost(None)
    await settled()
    gateway.lab.database.open.set()
    await settled()

    assert gateway.lab.database.asked.count("GET /records/2") == 1
    assert (wire.taken(), other_wire.taken().count(b"x-cache: COALESCED")) == (b"", 1)


async def test_what_follows_waits_for_its_turn(known, settled):
    """A pipelined request is answered after the direct read before it."""
    gateway, protocol, wire, ask = known
    gateway.lab.database.open.clear()
    protocol.data_received(ask(2, "X-Request-Id: a"))
    protocol.data_received(ask(1, "X-Request-Id: b"))
    await settled()
    before = wire.taken()
    gateway.lab.database.open.set()
    await settled()

    assert before == b""
    assert re.findall(rb"x-request-id: (\S+)", wire.taken()) == [b"a", b"b"]


async def test_a_server_that_stops_answers_first(known, settled):
    """The answer under way is the connection's last, and says so."""
    gateway, protocol, wire, ask = known
    gateway.lab.database.open.clear()
    protocol.data_received(ask(2))
    await settled()
    protocol.shutdown()
    is_closed_early = wire.is_closed
    gateway.lab.database.open.set()
    await settled()

    assert (is_closed_early, wire.is_closed) == (False, True)
    assert b"connection: close\r\n" in wire.taken()


async def test_a_fault_of_ours_is_a_problem_and_not_silence(known, settled):
    """Logged with its traceback, answered without it; the connection goes on."""
    gateway, protocol, wire, ask = known

    def fail(_path):
        raise RuntimeError("secret")

    gateway.lab.database.answers.insert(0, fail)
    with structlog.testing.capture_logs() as lines:
        protocol.data_received(ask(2))
        await settled()
    answer = wire.taken()
    protocol.data_received(ask(3))
    await settled()

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["unexpected_error"]
    assert wire.taken().startswith(b"HTTP/1.1 200 ")


async def test_a_field_that_would_split_the_answer_is_never_written(known, settled):
    """Such an answer is a fault."""
    gateway, protocol, wire, ask = known
    gateway.lab.database.answers.insert(0, UpstreamAnswer(200, (("X-A", "1\r\nx-b: 2"),), b""))
    with structlog.testing.capture_logs():
        protocol.data_received(ask(2))
        await settled()

    answer = wire.taken()
    assert (answer.startswith(b"HTTP/1.1 500 "), b"x-b" in answer) == (True, False)


async def test_a_revoked_token_is_refused_at_once(known, settled):
    """What is known of the client's fields opens no door."""
    gateway, protocol, wire, ask = known
    bearer = ask(2).decode().rpartition("Bearer ")[2].strip()
    gateway.lab.parts.access.revoked.add(Revocation(gateway.jti(bearer), gateway.lab.clock() + 1000))
    protocol.data_received(ask(2))
    await settled()

    assert wire.taken().startswith(b"HTTP/1.1 401 ")
    assert gateway.lab.database.asked == ["GET /records/1"]


async def test_without_a_time_to_live_nothing_is_looked_up_or_kept(open_gateway, head, settled):
    """The same request twice asks the service twice."""
    gateway = open_gateway(cache_ttl_s=0.0)
    request = head("GET", 1, "Host: lab", f"Authorization: Bearer {gateway.token('alice')}")
    protocol, wire = gateway.connect()
    for _ in range(3):
        protocol.data_received(request)
        await settled()
    gateway.end()

    assert wire.taken().count(b"cache-status: scalelab; fwd=bypass\r\n") == 3
    assert len(gateway.lab.database.asked) == 3
