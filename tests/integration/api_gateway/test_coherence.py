"""Writes and purges reach every gateway, its own memory included: a checker over writes under concurrent reads."""

import json
import random
import socket
import threading
import time
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.integration

WRITES = 1000
HOT_ANSWERS = 'scalelab_hit_path_answers_total{route="/data"}'
NONCE_HEADER = ("X-Scalelab-Stack", "nonce-of-this-test")


class Line:
    """A keep-alive connection that reads one record, as fast as it may."""

    def __init__(self, gateway, target="/data?key=1"):
        self._socket = socket.create_connection(gateway.address, timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"GET {target} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {gateway.token}\r\n\r\n".encode()
        self._rest = b""

    def read(self):
        """The answer's head and body."""
        self._socket.sendall(self._head)
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(self._rest) < length:
            self._receive()
        body, self._rest = self._rest[:length], self._rest[length:]
        return head, body

    def close(self):
        self._socket.close()

    def _receive(self):
        data = self._socket.recv(65536)
        assert data, "the gateway closed the connection"
        self._rest += data


@dataclass(frozen=True)
class Read:
    began_s: float
    version: int


def version_of(head, body):
    assert head.startswith(b"HTTP/1.1 200"), head
    return int(json.loads(body)["value"])


def read_on(lines, draws, is_over, reads):
    while not is_over.is_set():
        line = draws.choice(lines)
        began_s = time.monotonic()
        reads.append(Read(began_s, version_of(*line.read())))


def stale_reads(reads, written):
    """Reads that began after the answer to a write and saw an older version."""
    found = []
    for history in reads:
        newest, at = 0, 0
        for read in history:
            while at < len(written) and written[at][0] <= read.began_s:
                newest, at = written[at][1], at + 1
            if read.version < newest:
                found.append((read, newest))
    return found


def test_a_checker_over_a_thousand_writes(start_gateway, services):
    """C38: what is read after a write's answer is that version or a newer one, and nobody goes back in time."""
    services.values["/records/1"] = "0"
    gateways = [start_gateway() for _ in range(3)]
    gateways[0].login()
    for gateway in gateways:
        gateway.token = gateways[0].token
    is_over = threading.Event()
    reads = [[] for _ in range(5)]
    lines = [[Line(gateway) for gateway in gateways] for _ in reads]
    own = [lines[0][:1], lines[1][1:2], lines[2][2:], lines[3], lines[4]]  # one gateway each; two wander
    readers = [
        threading.Thread(target=read_on, args=(own[number], random.Random(number), is_over, reads[number]))
        for number in range(len(reads))
    ]
    for reader in readers:
        reader.start()

    written, draws = [], random.Random(99)
    try:
        for version in range(1, WRITES + 1):
            status, _, body = draws.choice(gateways).ask("PUT", "/data?key=1", body={"value": str(version)})
            assert status == 200, body
            written.append((time.monotonic(), version))
            time.sleep(draws.random() * 0.01)
    finally:
        is_over.set()
        for reader in readers:
            reader.join()
        for several in lines:
            for line in several:
                line.close()

    hot = [gateway.metric(HOT_ANSWERS) for gateway in gateways]
    assert stale_reads(reads, written) == []
    for history in reads:
        versions = [read.version for read in history]
        assert versions == sorted(versions)
    assert min(hot) > 0
    assert sum(hot) > WRITES


@pytest.mark.parametrize("wanted", [{"key": 1}, {"tag": "record:1"}, {"everything": True}], ids=str)
def test_a_purge_at_one_gateway_is_seen_at_the_other(start_gateway, services, wanted):
    """By record, by tag, or all: the next read at another gateway, which had it in its memory, asks the service."""
    services.values["/records/1"] = "1"
    first, second = start_gateway(), start_gateway()
    first.login()
    second.token = first.token
    line = Line(second)
    for _ in range(5):
        line.read()
        time.sleep(0.3)  # a lease is needed before memory is used
    services.values["/records/1"] = "2"  # behind our back
    before = version_of(*line.read())

    status, _, body = first.ask("POST", "/cache/purge", body=wanted, headers=[NONCE_HEADER], admin=True)
    after = version_of(*line.read())
    line.close()

    assert (status, json.loads(body)) == (200, {"purged": True, "fault": None})
    assert (before, after) == (1, 2)
    assert second.metric(HOT_ANSWERS) > 0


@pytest.mark.parametrize("wanted", [{}, {"key": 0}, {"key": 1, "everything": True}, {"what": 1}, []], ids=str)
def test_a_purge_of_nothing_in_particular_is_refused(gateway, wanted):
    """400, and the cache stays as it is."""
    status, _, _ = gateway.ask("POST", "/cache/purge", body=wanted, headers=[NONCE_HEADER], admin=True)

    assert status == 400


def test_a_gateway_that_was_killed_delays_a_write_for_the_length_of_a_lease_at_most(start_gateway):
    """Nobody waits for the dead longer than they could have answered from memory."""
    first, second = start_gateway(), start_gateway()
    first.login()
    first.ask("PUT", "/data?key=1", body={"value": "1"})
    second.process.kill()
    second.process.wait()

    began_s = time.monotonic()
    status, _, _ = first.ask("PUT", "/data?key=1", body={"value": "2"})
    lasted_s = time.monotonic() - began_s

    assert status == 200
    assert lasted_s < 1.5
