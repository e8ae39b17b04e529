"""The hit path answers as the long way does: the same bytes for any sequence of requests on one connection."""

import asyncio
import re
from dataclasses import dataclass

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from kept_wire import Wire
from scalelab.stack.api_gateway.app import assemble
from scalelab.stack.api_gateway.hot_path.protocol import HotPathProtocol
from scalelab.stack.api_gateway.purging import PurgeRequest
from scalelab.stack.api_gateway.sessions import Revocation
from scalelab.stack.api_gateway.token_keys import load_signing_key
from scalelab.stack.api_gateway.tokens import TokenRules, sign_token, verify_token

TOKEN_LIFETIME_S = 100.0


@dataclass
class Gateway:
    """A laboratory behind the real protocol, one connection at a time, and the truth in its database."""

    lab: object
    app: object
    state: dict
    version: int = 1
    wire: Wire | None = None
    protocol: HotPathProtocol | None = None

    async def send(self, data):
        if self.wire is None or self.wire.is_closed:
            config = Config(self.app, http=HotPathProtocol, access_log=False, server_header=False, date_header=False)
            config.load()
            self.wire = Wire()
            self.protocol = HotPathProtocol(config, ServerState(), self.state)
            self.protocol.connection_made(self.wire)
        self.protocol.data_received(data)
        for _ in range(60):
            await asyncio.sleep(0)

    def taken(self):
        """What was answered since the last time."""
        return self.wire.taken()

    def end(self):
        if self.protocol is not None:
            self.protocol._unset_keepalive_if_required()


@pytest.fixture
def open_gateway(build_lab, scripted):
    """`open_gateway(hit_path=True)`: with memory that may be used from the beginning."""

    def build(**changes):
        lab = build_lab(**changes)
        gateway = Gateway(lab, assemble_again(lab), dict(lab.parts.hot_path.connection_state))
        lab.parts.cache._clock_s = lab.clock
        lab.parts.hot_path.table.open_until(float("inf"))
        lab.database.answers = [lambda path: scripted.record(int(path.rpartition("/")[2]), "v", gateway.version)]
        return gateway

    return build


def assemble_again(lab):
    return assemble(lab.settings, lab.parts, lab.metrics.__class__())


def token(lab, subject):
    rules = TokenRules("iss", "aud", TOKEN_LIFETIME_S, 30.0)
    return sign_token(subject, load_signing_key(lab.settings.signing_key_file, "EdDSA"), rules, lab.clock())


def head(method, key, *fields, version="1.1"):
    lines = [f"{method} /data?key={key} HTTP/{version}", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def requests_of(alice, bob):
    """The requests that are drawn from."""
    host = "Host: lab"
    return [
        head("GET", 1, host, alice),
        head("GET", 1, host, alice),
        head("GET", 1, host, alice, "Connection: keep-alive"),
        head("GET", 1, alice, host),
        head("GET", 1, host, bob),
        head("GET", 2, host, alice),
        head("GET", 1, host, alice, "X-Request-Id: mine-1"),
        head("GET", 1, host, alice, "x-request-id: mine-2"),
        head("GET", 1, host, "X-Request-Id: mine-3", alice),
        head("GET", 1, host, alice, "X-Request-Id: not a token"),
        head("HEAD", 1, host, alice),
        head("GET", 1, host, alice, "Cache-Control: no-cache"),
        head("GET", 1, host, alice, "If-None-Match: *"),
        head("GET", 1, host, alice, "Range: bytes=0-1"),
        head("GET", 1, host, alice, "Content-Length: 2") + b"xx",
        head("GET", 1, host, alice, "Connection: close"),
        head("GET", 1, host, alice, version="1.0"),
        head("GET", 1, host),
        head("GET", 1, host, alice, bob),
        head("GET", 0, host, alice),
        head("PUT", 1, host, alice, "Content-Length: 4") + b"what",
    ]


def without_names(data):
    """Without what may differ: the date, and ids that the gateway gave."""
    data = re.sub(rb"\r\ndate: [^\r]*", b"", data)
    data = re.sub(rb"\r\nx-request-id: (?!mine)[^\r]*", b"", data)
    return re.sub(rb'"request_id": "[^"]*"', b"", data)


STEPS = st.one_of(
    st.tuples(st.just("send"), st.lists(st.integers(0, 20), min_size=1, max_size=3), st.integers(1, 400)),
    st.tuples(st.just("repeat"), st.sampled_from([0, 2, 3, 4, 5, 6, 7]), st.integers(2, 4)),
    st.tuples(st.just("wait"), st.sampled_from([0.31, 1.07, 20.13, 45.01, 61.3, 131.7]), st.none()),
    st.tuples(st.just("write"), st.none(), st.none()),
    st.tuples(st.just("purge"), st.sampled_from([{"key": 1}, {"tag": "record:1"}, {"everything": True}]), st.none()),
    st.tuples(st.just("revoke"), st.none(), st.none()),
)


async def step(gateway, act, what, how, requests, bobs_jti):
    lab = gateway.lab
    if act == "send":
        data = b"".join(requests[number] for number in what)
        await gateway.send(data[:how])
        if data[how:] and not gateway.wire.is_closed:
            await gateway.send(data[how:])
    elif act == "repeat":
        for _ in range(how):
            await gateway.send(requests[what])
    elif act == "wait":
        lab.clock.now_s += what
    elif act == "write":
        gateway.version += 1
        tags = ["record:1"]
        await lab.parts.cache.invalidate(*tags, writer="w", hold_s=1)
        await lab.parts.coherence.broadcast("tag", tags)
        await lab.parts.cache.invalidate(*tags, writer="w")
    elif act == "purge":
        await lab.parts.purges.purge(PurgeRequest(**what))
    else:
        lab.parts.access.revoked.add(Revocation(bobs_jti, lab.clock() + 1000))


async def told(gateway, steps, requests, bobs_jti):
    """What each step was answered with."""
    answers = []
    for act, what, how in steps:
        await step(gateway, act, what, how, requests, bobs_jti)
        answers.append(b"" if gateway.wire is None else without_names(gateway.taken()))
    gateway.end()
    return answers


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_the_answers_equal_those_with_the_hit_path_switched_off(open_gateway, steps):
    """Split, pipelined, expired, purged, written, revoked, other users, other header order: no byte differs."""
    quick, slow = open_gateway(hit_path=True), open_gateway(hit_path=False)
    tokens = {subject: token(quick.lab, subject) for subject in ("alice", "bob")}
    fields = {subject: f"Authorization: Bearer {text}" for subject, text in tokens.items()}
    requests = requests_of(fields["alice"], fields["bob"])
    key = load_signing_key(quick.lab.settings.signing_key_file, "EdDSA").verification
    rules = TokenRules("iss", "aud", TOKEN_LIFETIME_S, 30.0)
    bobs_jti = verify_token(tokens["bob"], {key.kid: key}, rules, quick.lab.clock()).jti

    async def both():
        return [await told(gateway, steps, requests, bobs_jti) for gateway in (quick, slow)]

    quickly, slowly = asyncio.run(both())

    assert quickly == slowly


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(numbers=st.lists(st.integers(0, 4), min_size=2, max_size=14))
def test_no_client_gets_a_coding_from_memory_that_it_does_not_take(open_gateway, numbers):
    """C11: with compression the bytes are those of the long way, too, whoever asked for the entry before."""
    quick, slow = (open_gateway(hit_path=is_on, compression=True, compression_min_bytes=0) for is_on in (True, False))
    bearer = f"Authorization: Bearer {token(quick.lab, 'alice')}"
    takes = ["Accept-Encoding: gzip", "Accept-Encoding: identity", "Accept: */*", "Accept-Encoding: gzip;q=0"]
    requests = [head("GET", 1, "Host: lab", bearer, take) for take in [*takes, "Accept-Encoding: br, gzip"]]
    steps = [("repeat", number, 2) for number in numbers]

    async def both():
        return [await told(gateway, steps, requests, "") for gateway in (quick, slow)]

    quickly, slowly = asyncio.run(both())

    assert quickly == slowly
    for number, answers in zip(numbers, quickly, strict=True):
        assert answers.count(b"content-encoding: gzip") == (2 if number in {0, 4} else 0)
        assert answers.count(b"vary: Accept-Encoding") == 2


async def test_the_third_time_is_from_memory_and_is_counted(open_gateway):
    """Miss, hit, hit from memory: requests, durations and hits are those of all of them."""
    gateway = open_gateway()
    request = head("GET", 1, "Host: lab", f"Authorization: Bearer {token(gateway.lab, 'alice')}")
    for _ in range(4):
        await gateway.send(request)
    answers = gateway.taken()
    gateway.end()

    table = gateway.lab.parts.hot_path.table
    assert (len(table), table.hits_of("/data").number) == (1, 2)
    assert [answers.count(what) for what in (b"x-cache: MISS", b"x-cache: HIT")] == [1, 3]
    gateway.lab.metrics.exposition()
    assert gateway.lab.metric("scalelab_request_duration_seconds_count", route="/data") == 2
    assert gateway.lab.metric("scalelab_cache_hits_total", route="/data") == 3
    assert gateway.lab.metric("scalelab_hit_path_answers_total", route="/data") == 2


async def test_a_request_id_at_the_end_does_not_defeat_it(open_gateway):
    """Each answer has the id of its own request."""
    gateway = open_gateway()
    bearer = f"Authorization: Bearer {token(gateway.lab, 'alice')}"
    for number in range(4):
        await gateway.send(head("GET", 1, "Host: lab", bearer, f"X-Request-Id: mine-{number}"))
    answers = gateway.taken()
    gateway.end()

    assert re.findall(rb"x-request-id: (\S+)", answers) == [b"mine-0", b"mine-1", b"mine-2", b"mine-3"]
    assert gateway.lab.parts.hot_path.table.hits_of("/data").number == 2


async def test_a_head_that_is_torn_right_before_its_id_is_not_a_whole_one(open_gateway):
    """What is kept of such a head ends there, but the request does not."""
    gateway = open_gateway()
    bearer = f"Authorization: Bearer {token(gateway.lab, 'alice')}"
    for number in range(3):
        await gateway.send(head("GET", 1, "Host: lab", bearer, f"X-Request-Id: mine-{number}"))
    gateway.taken()
    whole = head("GET", 1, "Host: lab", bearer, "X-Request-Id: mine-4")
    before_id = whole.index(b"mine-4")
    await gateway.send(whole[:before_id])
    early = gateway.taken()
    await gateway.send(whole[before_id:])
    answer = gateway.taken()
    gateway.end()

    assert early == b""
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nx-request-id: mine-4\r\n" in answer


@pytest.mark.parametrize(("ratio", "lines"), [(0.0, 0), (1.0, 4)])
async def test_an_access_line_that_is_due_is_written(open_gateway, ratio, lines):
    """Each answer from memory has the line that the long way would have written, with its own id."""
    gateway = open_gateway(access_sample_ratio=ratio)
    bearer = f"Authorization: Bearer {token(gateway.lab, 'alice')}"
    with structlog.testing.capture_logs() as written:
        for number in range(4):
            await gateway.send(head("GET", 1, "Host: lab", bearer, f"X-Request-Id: mine-{number}"))
    gateway.end()

    written = [line for line in written if line["event"] == "request"]
    assert [line["request_id"] for line in written] == [f"mine-{number}" for number in range(lines)]
    assert all((line["method"], line["path"], line["status"]) == ("GET", "/data", 200) for line in written)
    assert gateway.lab.parts.hot_path.table.hits_of("/data").number == 2


async def test_what_follows_a_known_request_is_read_as_http(open_gateway):
    """A line after a whole request is another, faulty request, not the first one's id."""
    gateway = open_gateway()
    known = head("GET", 1, "Host: lab", f"Authorization: Bearer {token(gateway.lab, 'alice')}")
    for _ in range(3):
        await gateway.send(known)
    gateway.taken()
    await gateway.send(known + b"x-request-id: a\r\n\r\n")
    answers = gateway.taken()
    gateway.end()

    assert answers.count(b"HTTP/1.1 200") <= 1
    assert b"HTTP/1.1 400" in answers


async def test_nothing_is_answered_from_memory_while_the_client_does_not_read(open_gateway):
    """Back-pressure: what is known waits its turn too."""
    gateway = open_gateway()
    known = head("GET", 1, "Host: lab", f"Authorization: Bearer {token(gateway.lab, 'alice')}")
    for _ in range(3):
        await gateway.send(known)
    hits = gateway.lab.parts.hot_path.table.hits_of("/data")
    before = hits.number
    gateway.protocol.pause_writing()
    await gateway.send(known)
    paused = hits.number
    gateway.protocol.resume_writing()
    for _ in range(60):
        await asyncio.sleep(0)
    await gateway.send(known)
    gateway.end()

    assert (paused, hits.number) == (before, before + 1)


async def test_a_connection_on_which_nothing_is_asked_is_closed(open_gateway):
    """From the first moment, and again after bytes that begin no request; an answer from memory starts it anew."""
    gateway = open_gateway()
    known = head("GET", 1, "Host: lab", f"Authorization: Bearer {token(gateway.lab, 'alice')}")
    await gateway.send(b"\r\n")
    armed = gateway.protocol.timeout_keep_alive_task is not None
    for _ in range(3):
        await gateway.send(known)
    gateway.lab.clock.now_s += 1
    await gateway.send(known)
    gateway.protocol.timeout_keep_alive_handler()
    is_open_after_a_hit = not gateway.wire.is_closed
    gateway.lab.clock.now_s += 100
    gateway.protocol.timeout_keep_alive_handler()
    gateway.end()

    assert (armed, is_open_after_a_hit, gateway.wire.is_closed) == (True, True, True)
