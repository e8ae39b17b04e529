"""The worker's side of its lease keeper."""

import json
import socket

import pytest
from structlog.testing import capture_logs

from scalelab.stack.task_queue import Beat
from scalelab.stack.worker.lease_keeper import ConnectedKeeper, NoKeeper

NEVER_S = float("-inf")


@pytest.fixture
def ends():
    """The worker's end, which does not block, and the keeper's."""
    here, there = socket.socketpair()
    here.setblocking(False)
    with here, there:
        yield here, there


def test_the_keeper_hears_what_runs(ends):
    """One line for all of it."""
    here, there = ends
    keeper = ConnectedKeeper(here)
    keeper.tell([Beat("t", "worker-1:a", 0.5)])
    keeper.tell([])

    assert [json.loads(line) for line in there.recv(1000).splitlines()] == [[["t", "worker-1:a", 0.5]], []]


def test_what_the_keeper_said_is_read_when_it_is_asked_for(ends):
    """The last renewal counts; half a line says nothing; of runs that are over nothing is kept."""
    here, there = ends
    keeper = ConnectedKeeper(here)
    there.send(b'[1.5, ["a", "b"]]\n[2.5, ["a"]]\n[3.5, ["b"')
    before = [keeper.renewed_at_s(owner) for owner in ("a", "b", "c")]
    there.send(b"]]\n")
    after = keeper.renewed_at_s("b")
    keeper.tell([Beat("t", "a", 0.5)])

    assert before == [2.5, 1.5, NEVER_S]
    assert after == 3.5
    assert [keeper.renewed_at_s(owner) for owner in ("a", "b")] == [2.5, NEVER_S]


def test_a_keeper_that_does_not_read_delays_nothing(ends):
    """Lines are left out, never cut."""
    here, there = ends
    keeper = ConnectedKeeper(here)
    beats = [Beat("t" * 32, f"worker-1:{number}", 0.5) for number in range(200)]
    for _ in range(100):
        keeper.tell(beats)
    heard = b""
    while len(heard) < 1 << 20:
        heard += there.recv(1 << 16)
        keeper.tell(beats)
    *lines, _rest = heard.split(b"\n")

    assert {len(json.loads(line)) for line in lines} == {200}


def test_a_keeper_that_is_gone_is_told_of_once(ends):
    """The worker goes on alone."""
    here, there = ends
    keeper = ConnectedKeeper(here)
    there.close()
    with capture_logs() as lines:
        for _ in range(2):
            keeper.tell([])

    assert [line["event"] for line in lines] == ["lease_keeper_gone"]
    assert keeper.renewed_at_s("a") == NEVER_S


def test_nobody_keeps_nothing():
    """As in the tests of the runner."""
    keeper = NoKeeper()
    keeper.tell([Beat("t", "a", 0.5)])

    assert keeper.renewed_at_s("a") == NEVER_S
