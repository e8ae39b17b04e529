"""A gateway in front of a service that speaks TLS: started with routes to it, and given others while it runs."""

import ipaddress
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from own_certificate import OwnCertificate

pytestmark = pytest.mark.integration

NONCE_HEADER = ("X-Scalelab-Stack", "nonce-of-this-test")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"secret")

    def log_message(self, *_what):
        """Says nothing."""


@pytest.fixture
def certificate(tmp_path):
    return OwnCertificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@pytest.fixture
def shop(certificate):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.socket = certificate.context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_whom_a_route_believes_is_said_by_its_upstream(start_gateway, shop, certificate):
    """Verified by its own authority, not by the machine's; a change to what cannot be used is refused and told."""
    routes = [{"path": "/shop/", "upstream": "shop", "protection": "none", "ttl_s": 0}]
    gateway = start_gateway(upstreams={"shop": {"url": shop, "ca_pem": certificate.pem}}, routes=routes)

    def changed(**upstream):
        table = {"upstreams": {"shop": {"url": shop, **upstream}}, "routes": routes}
        body = {"table": table, "is_trial": False}
        status, _, said = gateway.ask("PUT", "/routes", body=body, headers=[NONCE_HEADER], admin=True)
        return status, said.decode(), gateway.ask("GET", "/shop/a")[0]

    assert gateway.ask("GET", "/shop/a")[::2] == (200, b"secret")
    status, said, still = changed(ca_pem="no certificate")
    assert (status, still) == (400, 200)
    assert "upstreams.shop.ca_pem" in said
    assert changed()[::2] == (200, 502)
    assert changed(certificate="any")[::2] == (200, 200)
    assert gateway.metric('scalelab_route_upstream_requests_total{route="/shop/"}') == 4
