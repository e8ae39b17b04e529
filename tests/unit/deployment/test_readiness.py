import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from scalelab.contracts.membership import MemberList
from scalelab.contracts.stack_identity import stack_identity
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.readiness import answering_instance, get_members, put_members, unready_reason


@contextmanager
def service_answering(status, body):
    """A real HTTP server that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Endpoint("127.0.0.1", server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, {"status": "ok", "stack": stack_identity("mine")}, ""),
        (503, {"status": "seeding", "stack": stack_identity("mine")}, "seeding"),
        (200, {"status": "ok", "stack": "other"}, "another stack answers on its port"),
        (200, b"<html>", "no answer"),
        (200, b"[]", "an answer that is no JSON object"),
    ],
)
def test_service_is_ready_when_it_says_so_for_this_stack(status, body, reason):
    """A leftover of another stack on the same port is not ours."""
    with service_answering(status, body) as admin:
        told = unready_reason(admin, "mine")

    assert told.startswith(reason)
    assert bool(told) == bool(reason)


def test_closed_port_is_a_reason_not_an_error():
    """Nobody listens on port 1."""
    assert "ConnectionRefusedError" in unready_reason(Endpoint("127.0.0.1", 1), "mine")


@pytest.mark.parametrize(
    ("status", "body", "instance"),
    [
        (200, {"instance": "api_gateway-2", "stack": stack_identity("mine")}, "api_gateway-2"),
        (200, {"instance": "api_gateway-2", "stack": "other"}, None),
        (503, {"instance": "api_gateway-2", "stack": stack_identity("mine")}, None),
    ],
)
def test_round_trip_tells_which_gateway_answered(status, body, instance):
    """Only an answer of this stack counts."""
    with service_answering(status, body) as balancer:
        assert answering_instance(balancer, "mine") == instance


def test_balancer_without_control_socket_is_a_reason(tmp_path):
    """Trouble is a value."""
    path = tmp_path / "none.sock"

    assert "FileNotFoundError" in put_members(path, MemberList(members=()), "mine")
    assert "FileNotFoundError" in get_members(path)
