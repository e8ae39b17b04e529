"""Any bytes as a service's answer: whole, or a fault; the same however they are cut, and as others read them."""

import asyncio

import h11
from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from fuzz.pieces import answers, in_pieces
from fuzz.test_fuzz_requests import Wire
from scalelab.stack.api_gateway.direct_path.plain_heads import PlainHeads
from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.exchange import Exchange


class Closable(Wire):
    """A connection that can be broken off."""

    def abort(self):
        self.is_closed = True


async def collected(pieces, *, is_streamed=False):
    """Status, fields and body of a whole answer, or None; whether it is a fault; whether more may be asked here."""
    exchange = Exchange(is_head_request=False, is_streamed=is_streamed, max_body_bytes=1000)
    connection, wire = Connection(lambda _: None), Closable()
    connection.connection_made(wire)
    connection.start(exchange, b"GET / HTTP/1.1\r\n\r\n", None)
    for piece in pieces:
        if not wire.is_closed:
            connection.data_received(piece)
    is_reusable = exchange.is_complete and connection.release()
    said = (exchange.status, exchange.headers, exchange.body)
    return said if exchange.is_complete and exchange.fault is None else None, exchange.fault is not None, is_reusable


def as_h11_reads_answer(data, method=b"GET", *, is_at_its_end=False):
    """Status, fields and body of a whole answer; None for one that is refused or not whole."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "lab")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    try:
        if is_at_its_end:
            connection.receive_data(b"")
        while isinstance(head := connection.next_event(), h11.InformationalResponse):
            pass
        body = b""
        while isinstance(event := connection.next_event(), h11.Data):
            body += bytes(event.data)
    except h11.ProtocolError:
        return None
    if not isinstance(head, h11.Response) or not isinstance(event, h11.EndOfMessage):
        return None
    return head.status_code, [(bytes(name), bytes(value)) for name, value in head.headers], body


@fuzzed
@given(data=st.data(), sent=answers)
def test_an_answer_means_the_same_however_it_arrives(data, sent):
    """Whole with the same content, or none."""
    pieces = data.draw(in_pieces(sent))

    whole, _, _ = asyncio.run(collected([sent]))
    cut, _, _ = asyncio.run(collected(pieces))

    assert whole is None or cut is None or cut == whole


@fuzzed
@given(sent=answers)
def test_who_reads_by_the_letter_reads_the_same(sent):
    """A whole answer is the one that h11 reads, if it reads one."""
    ours, _, _ = asyncio.run(collected([sent]))
    theirs = as_h11_reads_answer(sent)

    if ours is not None and theirs is not None:
        assert (ours[0], ours[2]) == (theirs[0], theirs[2])
        said = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in ours[1]]
        assert said == theirs[1]


@fuzzed
@given(first=answers, second=answers)
def test_what_comes_behind_an_answer_is_nobodys(first, second):
    """Two answers to one request: a fault, or a connection that is not used again."""
    whole, is_fault, is_reusable = asyncio.run(collected([first]))
    _, is_fault_with_more, is_reusable_with_more = asyncio.run(collected([first + second]))

    if whole is not None and is_reusable and second.strip(b"\r\n"):  # empty lines between messages mean nothing
        assert is_fault_with_more or not is_reusable_with_more
    assert not (is_fault and is_reusable)


@fuzzed
@given(sent=answers)
def test_a_head_that_is_taken_for_plain_is_read_so_by_the_parser(sent):
    """The short way never says more, or other, than the long one."""
    head, end, body = sent.partition(b"\r\n\r\n")
    plain = PlainHeads().of(head)
    if not end or plain.body_bytes != len(body):
        return
    parsed, _, is_reusable = asyncio.run(collected([sent]))

    assert parsed is not None
    assert (parsed[0], parsed[2], is_reusable) == (200, body, True)
    tags = [value for name, value in parsed[1] if name.lower() == "etag"]
    assert not tags or tags[0].encode() == plain.tag(head, body)
    assert b"transfer-encoding" not in plain.before_tag.lower() + plain.after_tag.lower()
