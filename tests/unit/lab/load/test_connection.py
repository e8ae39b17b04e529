"""Answers as bytes, in any pieces; each request has exactly one outcome."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scalelab.lab.load.connection import MAX_HEAD_BYTES, Connection, ProvingConnection
from scalelab.lab.load.requests import Request
from scalelab.lab.load.targets import Origin

ORIGIN = Origin("http", "somewhere", 80)
SWITCHING = b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class FakeTransport:
    def __init__(self):
        self.written = b""
        self.is_aborted = False

    def write(self, data):
        self.written += data

    def abort(self):
        self.is_aborted = True


class Notes:
    def __init__(self):
        self.said = []

    def opened(self, _connection):
        self.said.append("opened")

    def answered(self, _connection, status, *, can_serve_again):
        self.said.append((status, can_serve_again))

    def broke(self, _connection, fault):
        self.said.append(fault.kind)

    def lost(self, _connection):
        self.said.append("lost")


def serving(method="GET"):
    notes, transport = Notes(), FakeTransport()
    connection = Connection(ORIGIN, notes)
    connection.connection_made(transport)
    connection.start(Request(b"request", 0, ORIGIN, is_head=method == "HEAD"), 0.0, 0.0, 0)
    return connection, notes, transport


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (OK, (200, True)),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", (503, True)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", (200, True)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, True)),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", (304, True)),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, True)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", (200, False)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, False)),
        (OK + OK, (200, False)),
        (SWITCHING, "malformed answer: an upgrade that nobody asked for"),
        (b"nonsense\r\n\r\n", "malformed answer: Error"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_BYTES, "malformed answer: its head is too large"),
    ],
)  # fmt: skip
def test_every_answer_has_its_outcome(answer, outcome):
    """Whole, in forms, or none at all; a connection that cannot serve again is broken off."""
    connection, notes, transport = serving()

    connection.data_received(answer)

    assert notes.said == ["opened", outcome]
    assert transport.is_aborted == (outcome != (200, True) and not (isinstance(outcome, tuple) and outcome[1]))
    assert connection.is_busy is False


@given(st.lists(st.integers(min_value=1, max_value=60), max_size=8))
def test_pieces_do_not_matter(cuts):
    """However the network cuts the answer, it is the same."""
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + OK
    connection, notes, _ = serving()
    edges = [0, *sorted({min(cut, len(answer) - 1) for cut in cuts}), len(answer)]

    for start, end in pairwise(edges):
        connection.data_received(answer[start:end])

    assert notes.said == ["opened", (200, True)]


@given(st.binary(max_size=200))
@example(b"HTTP/1.1 204\r\n\r\n")
def test_any_bytes_at_all_are_survived(data):
    """Outside input never raises, and never gives two outcomes."""
    connection, notes, _ = serving()

    connection.data_received(data or b"x")
    connection.eof_received()
    connection.connection_lost(None)

    outcomes = [said for said in notes.said if said not in {"opened", "lost"}]
    assert len(outcomes) == 1  # "lost" is of a connection that serves nothing: after an answer that was whole


def test_an_answer_that_ends_with_the_connection():
    """No length, no chunks: complete at the end of the stream; with a length, broken off."""
    open_ended, notes, _ = serving()
    open_ended.data_received(b"HTTP/1.1 200 OK\r\n\r\nall of it")
    open_ended.eof_received()
    cut, cut_notes, _ = serving()
    cut.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    cut.eof_received()
    cut.connection_lost(None)

    assert notes.said == ["opened", (200, False)]
    assert cut_notes.said == ["opened", "closed in the middle of an answer"]


def test_head_has_no_body_and_the_next_request_goes_on():
    """Two HEADs on one connection."""
    connection, notes, transport = serving("HEAD")
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
    connection.start(connection.request, 1.0, 1.0, 0)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")

    assert notes.said == ["opened", (200, True), (200, True)]
    assert transport.written == b"requestrequest"


def test_a_connection_lost_while_idle_is_no_failure():
    """The server may close what it does not need."""
    connection, notes, _ = serving()
    connection.data_received(OK)
    connection.connection_lost(None)

    assert notes.said == ["opened", (200, True), "lost"]


def test_bytes_that_nobody_asked_for_end_the_connection():
    """Whose answer they are can no longer be told."""
    connection, notes, transport = serving()
    connection.data_received(OK)
    connection.data_received(OK)

    assert notes.said == ["opened", (200, True), "lost"]
    assert transport.is_aborted


def test_a_reset_is_called_a_reset():
    """With and without a word before."""
    connection, notes, _ = serving()
    connection.connection_lost(ConnectionResetError(104, "reset"))

    assert notes.said == ["opened", "connection reset"]


def test_what_was_given_up_says_nothing_more():
    """Neither the late answer nor the loss is counted again; a connection that opens too late is closed."""
    connection, notes, _ = serving()
    connection.abandon()
    connection.data_received(OK)
    connection.connection_lost(None)
    late, late_notes, late_transport = Connection(ORIGIN, Notes()), Notes(), FakeTransport()
    late.abandon()
    late.connection_made(late_transport)

    assert notes.said == ["opened"]
    assert late_transport.is_aborted
    assert late_notes.said == []


@given(st.integers(1, 80))
def test_fields_and_body_of_an_answer_are_shown_to_its_check(size):
    """In any pieces; those of the answer before are forgotten."""
    shown = []

    def check(headers, body):
        shown.append((headers[b"x-name"], body))
        return "torn"

    notes, transport = Notes(), FakeTransport()
    connection = ProvingConnection(ORIGIN, notes)
    connection.connection_made(transport)
    for body in (b"first", b"second one"):
        connection.start(Request(b"request", 0, ORIGIN, is_head=False, check=check), 0.0, 0.0, 0)
        answer = b"HTTP/1.1 200 OK\r\nX-Name: %b\r\nContent-Length: %d\r\n\r\n%b" % (body[:1], len(body), body)
        for start in range(0, len(answer), size):
            connection.data_received(answer[start : start + size])
        assert connection.defect() == "torn"

    assert shown == [(b"f", b"first"), (b"s", b"second one")]
    assert notes.said == ["opened", (200, True), (200, True)]
