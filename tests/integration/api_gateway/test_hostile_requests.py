"""Requests to deceive, straight to a gateway and through each balancer; answers to deceive, from behind."""

import re
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import pytest

from engines.load_balancer.framing_corpus import CASES as FRAMED
from engines.load_balancer.framing_corpus import EXCEPTIONS, PASSED, ByNature
from integration.api_gateway.balancing import balancer_before
from integration.api_gateway.hostile_cases import (
    BARE_LINE_FEEDS,
    CASES,
    FOLDED,
    HOSTILE_ANSWERS,
    ODD_TARGETS,
    PATH_TRICKS,
)
from integration.api_gateway.raw_service import RawService, raw_service

pytestmark = pytest.mark.integration
ANSWER_LIMIT_S = 3
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
CLEAN = b"GET /clean HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"


def route(path, **said):
    return {"path": path, "upstream": "raw", "methods": ["GET", "POST"], "protection": "none", "ttl_s": 0, **said}


ROUTES = [
    *(route(path) for path in ("/echo", "/smuggled", "/clean", "/public/", "/answer/")),
    route("/protected", protection="token"),
]


@dataclass
class Way:
    """How a client comes to a gateway, and the service behind it."""

    name: str
    address: tuple
    service: RawService

    def ask(self, sent):
        """All that comes until the other end closes; whether it did."""
        answers, is_closed = b"", True
        with socket.create_connection(self.address, timeout=ANSWER_LIMIT_S) as client:
            with suppress(ConnectionError):
                client.sendall(sent)
            try:
                while part := client.recv(65_536):
                    answers += part
            except TimeoutError:
                is_closed = False
            except ConnectionError:
                pass
        return answers, is_closed

    def statuses(self, sent):
        return [int(status) for status in STATUS.findall(self.ask(sent)[0])]


@pytest.fixture(scope="module")
def service():
    with raw_service() as server:
        yield server


OTHERWISE = {
    ("envoy", "A01_chunked_in_1_0"): ByNature(200, "takes chunks from HTTP/1.0, too: one framing goes on"),
    ("nginx", "A12_upgrade"): ByNature(400, "cannot remove what Connection names, so it refuses who names anything"),
}
"""As `EXCEPTIONS`, of cases that are the gateway's."""
FRAMING_WAYS = ["direct", "haproxy", "envoy", "nginx", "python"]
"""The engines of the balancer differ in what they make of a message; what is in it is the gateway's to judge."""


@pytest.fixture(scope="module")
def ways(start_lone_gateway, service):
    """`ways(name)` is opened when it is first asked for."""
    own = {"upstreams": {"raw": {"url": service.url}}, "routes": ROUTES}
    opened = {}
    with ExitStack() as stack:

        def way_of(name):
            if name not in opened:
                gateway = start_lone_gateway(**own, trusted_peers=[] if name == "direct" else ["127.0.0.0/8"])
                address = gateway.address
                if name != "direct":
                    address, _ = stack.enter_context(balancer_before(gateway.address, name))
                opened[name] = Way(name, address, service)
            return opened[name]

        yield way_of


@pytest.fixture(params=["direct", "haproxy", "envoy", "nginx", "python"])
def way(request, ways):
    way = ways(request.param)
    assert way.statuses(CLEAN) == [200]
    return way


def faults_of(case, way):
    """What is wrong with how a case was treated; nothing when all is right."""
    known = EXCEPTIONS.get((way.name, case.name)) or OTHERWISE.get((way.name, case.name))
    way.service.forget()
    answers, is_closed = way.ask(case.sent)
    statuses, seen = [int(status) for status in STATUS.findall(answers)], way.service.seen()
    faults = []
    if known is not None:
        faults += [] if statuses == [known.status] else [f"answered {statuses}; known was {known}"]
    elif len(statuses) != 1 or statuses[0] not in case.statuses:
        faults.append(f"answered {statuses}, not one of {sorted(case.statuses)}")
    elif not is_closed:
        faults.append("left open")
    faults += [f"{found!r} came through" for found in (b"/smuggled", *case.never_upstream) if found in seen]
    if case.statuses != PASSED and 200 not in statuses and way.service.whole:
        faults.append("refused, and passed on all the same")
    clean, _ = way.ask(CLEAN)
    if not clean.startswith(b"HTTP/1.1 200 "):
        faults.append(f"a clean request right after: {clean[:200]!r}")
    return faults


@pytest.mark.parametrize("way", FRAMING_WAYS, indirect=True)
def test_what_is_framed_to_deceive_is_refused(way):
    """Refused and closed, or passed on without what ends here; then a clean request.

    A folded line and bare line feeds may be mended, too, but do not go on as they are.
    """
    faults = {case.name: found for case in (*FRAMED, *CASES, *ODD_TARGETS) if (found := faults_of(case, way))}
    way.service.forget()
    mended = [way.statuses(sent) for sent in (FOLDED, BARE_LINE_FEEDS)]

    assert faults == {}
    assert all(each in ([200], [400]) for each in mended), mended
    assert b"\r\n b" not in way.service.seen()


def test_no_other_name_of_a_protected_path_is_open(way):
    """Dots, slashes, double encoding, parameters: 400, 401 or 404, and nothing of it goes on."""
    way.service.forget()

    open_names = {
        name: found for name, sent in PATH_TRICKS if not set(found := way.statuses(sent)) <= {400, 401, 404}
    }

    assert open_names == {}
    assert b"protected" not in way.service.seen()
    assert way.statuses(CLEAN) == [200]


def test_pipelined_requests_are_answered_in_order(way):
    """Three at once, the second refused by its route; then one that is broken behind a good one."""
    requests = [b"GET %b HTTP/1.1\r\nHost: lab\r\n%b\r\n" % pair for pair in ((b"/echo", b""), (b"/nowhere", b""))]
    last = b"GET /echo HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"

    assert way.statuses(b"".join([*requests, last])) == [200, 404, 200]
    assert way.statuses(requests[0] + b"GET /echo HTTP/1.1\r\nHost : lab\r\n\r\n") == [200, 400]
    assert way.statuses(requests[0] + b"POST /echo HTTP/1.1\r\nHost: lab\r\n\r\nxx{" + last) == [200, 200, 400]


def test_answers_to_deceive_are_a_bad_gateway(way):
    """Two lengths, a length and chunks, broken chunks: 502, nothing of them goes on, and the next one is clean."""
    way.service.answers = {f"/answer/{name}": answer for name, answer in HOSTILE_ANSWERS.items()}

    faults = {}
    for name in HOSTILE_ANSWERS:
        sent = b"GET /answer/%b HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n" % name.encode()
        answers, is_closed = way.ask(sent)
        statuses = [int(status) for status in STATUS.findall(answers)]
        if statuses != [502] or not is_closed or way.statuses(CLEAN) != [200]:
            faults[name] = answers[:300]

    assert faults == {}


def test_who_leaves_early_leaves_nothing_for_others(way):
    """Neither at the gateway nor at the balancer is the rest of an answer, which looks like answers, another's."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged" * 10_000
    first = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n-" % (len(forged) + 1)
    way.service.in_two_parts = {"/answer/long": (first, forged)}
    answers = set()
    for _ in range(10):
        with socket.create_connection(way.address, timeout=ANSWER_LIMIT_S) as client:
            client.sendall(b"GET /answer/long HTTP/1.1\r\nHost: lab\r\n\r\n")
            assert client.recv(10) == b"HTTP/1.1 2"
        answers |= {way.ask(CLEAN)[0].rpartition(b"\r\n\r\n")[2] for _ in range(3)}

    assert answers == {b"ok"}
