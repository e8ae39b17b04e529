"""Clients that send too much, too slowly, or nothing: refused, or waiting without cost, and others are served."""

import os
import re
import resource
import select
import socket
import time
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest

from integration.api_gateway.balancing import balancer_before

pytestmark = pytest.mark.integration
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
GIB = 1024**3
MOST_TAKEN_BYTES = 16 * 1024 * 1024
"""Of a body that nobody reads: what fits into the sockets' buffers of two hops, and a moment's lingering."""
WAIT_LIMIT_S = 20
IDLE = int(os.environ.get("IDLE_CONNECTIONS", "2000"))
MOST_BYTES_OF_ONE = 24 * 1024
"""Of memory, for a connection on which nothing is asked."""
SPARE_FILES = 500
CLEAN = b"GET /health HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
BOUNDS = {"head_timeout_s": 0.5, "body_timeout_s": 0.5}


@pytest.fixture(params=["direct", "haproxy", "envoy", "nginx", "python"], scope="module")
def address(request, start_lone_gateway):
    """Where a gateway with short bounds is reached."""
    gateway = start_lone_gateway(**BOUNDS)
    with ExitStack() as stack:
        address = gateway.address
        if request.param != "direct":
            opened = balancer_before(gateway.address, request.param, response_timeout_s=3.0)
            address, _ = stack.enter_context(opened)
        yield address


def answer(address, sent):
    """The statuses of all that comes until the other end closes."""
    with socket.create_connection(address, timeout=WAIT_LIMIT_S) as client:
        client.sendall(sent)
        return statuses_until_closed(client)


def statuses_until_closed(client):
    received = b""
    with suppress(ConnectionError):
        while part := client.recv(65_536):
            received += part
    return [int(status) for status in STATUS.findall(received)]


def poured(address, head, piece):
    """Bytes that were taken of a body without end, and the statuses; stops when the other end answers or closes."""
    taken = 0
    with socket.create_connection(address, timeout=WAIT_LIMIT_S) as client:
        client.sendall(head)
        with suppress(ConnectionError):
            while taken < MOST_TAKEN_BYTES * 2 and not select.select([client], [], [], 0)[0]:
                client.sendall(piece)
                taken += len(piece)
        return taken, statuses_until_closed(client)


def dripped(address, head, drop):
    """The statuses for a client that sends a byte or two from time to time until it hears something."""
    deadline_s = time.monotonic() + WAIT_LIMIT_S
    with socket.create_connection(address, timeout=WAIT_LIMIT_S) as client:
        client.sendall(head)
        with suppress(ConnectionError):
            while not select.select([client], [], [], 0.05)[0]:
                assert time.monotonic() < deadline_s, "nothing was heard"
                client.sendall(drop)
        return statuses_until_closed(client)


def wait_until(is_true):
    deadline_s = time.monotonic() + WAIT_LIMIT_S
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


def request_head(line, *fields):
    return b"\r\n".join([line + b" HTTP/1.1", b"Host: lab", *fields, b"", b""])


@pytest.mark.parametrize("framing", ["declared", "chunked"])
def test_a_gibibyte_is_refused_before_it_has_come(address, framing, request):
    """413 where a body is wanted, whatever else is answered where none is; most of it is never read.

    Envoy and nginx may say 502: they take a gateway that answers before it has read all for one that broke off.
    """
    is_chunked = framing == "chunked"
    field = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % GIB
    block = b"x" * 65_536
    piece = b"10000\r\n" + block + b"\r\n" if is_chunked else block
    wanted = {
        b"POST /login": 413,
        b"POST /token/refresh": 413,
        b"PUT /data?key=1": 401,
        b"GET /health": 200,
        b"POST /no": 404,
    }

    poured_to = {line: poured(address, request_head(line, field), piece) for line in wanted}

    may_be_502 = {502} if request.node.callspec.params["address"] in {"envoy", "nginx"} else set()
    told = {line: statuses for line, (_, statuses) in poured_to.items()}
    assert {line: s for line, s in told.items() if len(s) != 1 or s[0] not in {wanted[line], *may_be_502}} == {}
    assert max(taken for taken, _ in poured_to.values()) < MOST_TAKEN_BYTES
    assert answer(address, CLEAN) == [200]


def test_a_client_that_expects_to_be_told_is_told_before_it_sends(address, request):
    """413 in the place of 100, and not a byte of the body; Envoy and nginx say 100 themselves, before they ask."""
    head = request_head(b"POST /login", b"Content-Length: %d" % GIB, b"Expect: 100-continue")

    says_100 = request.node.callspec.params["address"] in {"envoy", "nginx"}
    assert answer(address, head) == ([100, 413] if says_100 else [413])
    assert answer(address, CLEAN) == [200]


def test_a_body_that_drips_is_refused(address):
    """408; announced or in chunks, wanted or not."""
    announced = dripped(address, request_head(b"POST /login", b"Content-Length: 5000"), b"{")
    chunked = dripped(address, request_head(b"POST /login", b"Transfer-Encoding: chunked"), b"1\r\n{\r\n")

    assert (announced, chunked) == ([408], [408])
    assert answer(address, CLEAN) == [200]


def test_a_head_that_drips_is_refused(start_gateway):
    """408, in whatever part of the head it drips. (HAProxy's own limit is ten seconds.)"""
    gateway = start_gateway(**BOUNDS)
    heads = [b"GET /", b"GET /health HTTP/1.1\r\nHost: lab\r\nX-A: "]

    assert [dripped(gateway.address, head, b"a") for head in heads] == [[408]] * 2
    assert dripped(gateway.address, b"GET /health HTTP/1.1\r\nHost: lab\r\n", b"X: y\r\n") == [408]
    assert answer(gateway.address, CLEAN) == [200]


@pytest.fixture
def many_files():
    """As many as this process may have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_idle_connections_cost_little_and_keep_nobody_out(start_gateway, many_files):
    """Thousands that ask nothing, or asked once, at a gateway and through a balancer: little memory, and all ends."""
    gateway = start_gateway()
    count = min(IDLE, (many_files - SPARE_FILES) // 4)
    (worker,) = psutil.Process(gateway.process.pid).children()
    with balancer_before(gateway.address, "haproxy") as (balancer, _):
        files_before, memory_before = worker.num_fds(), worker.memory_info().rss
        with ExitStack() as stack:
            for number in range(count):
                for address in (gateway.address, balancer):
                    client = stack.enter_context(socket.create_connection(address, timeout=WAIT_LIMIT_S))
                    if number % 2:
                        client.sendall(b"GET /health HTTP/1.1\r\nHost: lab\r\n\r\n")
                        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            files, memory = worker.num_fds() - files_before, worker.memory_info().rss - memory_before
            clean = [answer(address, CLEAN) for address in (gateway.address, balancer)]
        is_over = wait_until(lambda: worker.num_fds() <= files_before + 20)

    assert clean == [[200], [200]]
    assert files >= count
    assert memory < count * MOST_BYTES_OF_ONE
    assert is_over


@pytest.fixture
def few_files():
    """`few_files()` as a context: what is started within may open so many."""

    @contextmanager
    def limited(number):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    return limited


def test_more_clients_than_files_make_room_for_one_another(start_gateway, few_files):
    """Those that asked nothing for longest go; who asks now is served, and services are still reached."""
    with few_files(300):
        gateway = start_gateway()
    gateway.login()
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(gateway.address, timeout=5)) for _ in range(600)]
        statuses = [gateway.ask("GET", f"/data?key={key}")[0] for key in (1, 2, 3)]
        first, last = clients[0].recv(1), clients[-1]
        last.sendall(CLEAN)
        statuses += statuses_until_closed(last)

    assert statuses == [200] * 4
    assert first == b""
    assert "Too many open files" not in gateway.log_file.read_text()
