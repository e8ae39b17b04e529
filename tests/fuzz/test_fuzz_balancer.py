"""Any bytes through the Python balancer: a gateway reads what was sent, a client what was answered, and no more."""

import asyncio
import re
from contextlib import contextmanager

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from fuzz.pieces import answers, in_pieces, requests
from fuzz.test_fuzz_answers import Closable, as_h11_reads_answer
from fuzz.test_fuzz_requests import as_h11_reads
from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.health import HealthRule
from scalelab.stack.load_balancer.python_engine.client_side import ClientSide
from scalelab.stack.load_balancer.python_engine.member_side import MemberSide
from scalelab.stack.load_balancer.python_engine.policies import RoundRobin
from scalelab.stack.load_balancer.python_engine.pool import MemberPool
from scalelab.stack.load_balancer.python_engine.traffic import Traffic
from scalelab.stack.load_balancer.python_engine.wire.received_answer import read_answer
from scalelab.stack.load_balancer.python_engine.wire.received_request import RequestReader
from scalelab.stack.service_kit.metrics import ServiceMetrics
from scalelab.stack.service_kit.request_context import RequestRecords

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class HalfClosable(Closable):
    """A connection that can say its end."""

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.is_closed = True


class Gateway:
    """In the place of the connections to members: each request has one of its own, which is kept."""

    def __init__(self):
        self.wires = []
        self.sides = []

    def take(self, _member):
        side, wire = MemberSide(lambda _: None), HalfClosable()
        side.connection_made(wire)
        self.wires.append(wire)
        self.sides.append(side)
        return side

    def keep(self, _member, connection):
        connection.close()


@contextmanager
def connected():
    """A client's connection, what is written to it, and the gateway behind."""
    pool, gateway, wire = MemberPool(RoundRobin(), HealthRule(1, 1)), Gateway(), HalfClosable()
    [member] = pool.add([Member(name="a", host="127.0.0.1", port=1)])
    pool.note_check(member, has_passed=True)
    side = ClientSide(Traffic(pool, gateway, RequestRecords(ServiceMetrics(), 0.0), 20.0))
    side.connection_made(wire)
    with structlog.testing.capture_logs():
        yield side, wire, gateway
        side.connection_lost(None)
    assert member.in_flight == 0


def relayed(pieces):
    """What the gateway was sent, of whole requests; how many were answered; whether one was refused."""
    whole = []
    with connected() as (side, wire, gateway):
        for piece in pieces:
            if wire.is_closed:
                break
            side.data_received(piece)
            while side._relay is not None and side._relay.body.is_complete and not side._relay.is_tunnel:
                whole.append(gateway.wires[-1].written)
                gateway.sides[-1].data_received(OK)
        statuses = [status for status in _STATUS.findall(wire.written) if status != b"100"]
    return whole, statuses.count(b"200"), len(statuses) > statuses.count(b"200")


def ours_in(fields):
    """What the balancer says itself."""
    return {one for one in named(fields) if one[0] == b"x-request-id" or one[0].startswith(b"x-forwarded-")}


def named(fields):
    return {(bytes(name).lower(), bytes(value)) for name, value in fields}


@fuzzed
@given(data=st.data(), sent=requests)
def test_requests_mean_the_same_however_they_arrive(data, sent):
    """The same requests reach the gateway, up to the same end."""
    without_ids = [
        [re.sub(rb"x-request-id: \S+", b"", one) for one in result[0]] + [*result[1:]]
        for result in (relayed(data.draw(in_pieces(sent))), relayed([sent]))
    ]

    assert without_ids[0] == without_ids[1]


@fuzzed
@given(sent=requests)
def test_a_gateway_reads_one_request_and_the_one_that_was_sent(sent):
    """Whoever reads by the letter finds one message and nothing behind; its body is what h11 finds in what came."""
    whole, answered, _ = relayed([sent])

    assert answered == len(whole)
    for request, came in zip(whole, [*as_h11_reads(sent), *[None] * len(whole)], strict=False):
        [(method, target, fields, body)] = as_h11_reads(request)
        assert sum(name == b"host" for name, _ in named(fields)) == 1
        if came is not None:
            assert (method, body) == (came[0], came[3])
            assert target in came[1] or target == b"/"
            assert {one for one in named(fields) - named(came[2]) if one[1]} <= ours_in(fields)


@fuzzed
@given(data=st.data(), sent=answers, method=st.sampled_from([b"GET", b"HEAD"]))
def test_a_client_reads_the_answer_that_was_given_or_none(data, sent, method):
    """As h11 reads it, however it is cut; or a problem of our own; or a break without an end."""
    with connected() as (side, wire, gateway):
        side.data_received(method + b" / HTTP/1.1\r\nHost: lab\r\n\r\n")
        [member] = gateway.sides
        for piece in data.draw(in_pieces(sent)):
            member.data_received(piece)
        member.eof_received()
        member.connection_lost(None)
        received, is_closed = wire.written, wire.is_closed
    ours = as_h11_reads_answer(received, method)
    theirs = as_h11_reads_answer(sent, method, is_at_its_end=True)

    assert ours is not None or is_closed
    if ours is not None and ours[0] not in {502, 503} and theirs is not None:
        assert (ours[0], ours[2]) == (theirs[0], theirs[2])


@pytest.mark.parametrize(
    "field",
    [
        b"Connection: " + b",".join(b"x-%d" % number for number in range(4000)),
        b"Connection: " + b"," * 32_000,
        b"x-forwarded-" * 2600 + b": a",
        b"a" * 32_000 + b": b",
        b"A:" + b" " * 32_000 + b"b",
        b"\r\n".join([b"a: b"] * 5000),
        b"Transfer-Encoding: " + b"\t" * 32_000,
    ],
    ids=["names", "commas", "forwarded", "name", "blanks", "lines", "tabs"],
)
def test_long_heads_are_read_in_one_pass(field):
    """A client chooses their length, and everybody waits: a hundred times, in both directions, is nothing."""
    for _ in range(100):
        RequestReader().read(b"GET / HTTP/1.1\r\nHost: lab\r\n" + field)
        read_answer(b"HTTP/1.1 200 OK\r\n" + field, is_head_request=False)


def test_the_loop_is_not_needed():
    """Nothing of it awaits: what is fuzzed here is all that a byte passes through."""
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert relayed([b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"])[1:] == (1, False)
