"""Waiting until nothing is under way, with a small real admin listener and a clock of ours."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.preparation import PreparationError, wait_until_quiet


class Admin(ThreadingHTTPServer):
    """Answers with one text after the other, the last for ever."""

    def __init__(self, *texts):
        self.texts = list(texts)
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked += 1
        text = server.texts.pop(0) if len(server.texts) > 1 else server.texts[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def admin():
    servers = []

    def start(*texts):
        server = Admin(*texts)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def monotonic(self):
        return self.now_s

    def sleep(self, pause_s):
        self.now_s += pause_s


def a_view(*admin_urls):
    account = Account(username="student", password="secret")
    services = tuple(
        ServiceView(name="api_gateway", instance=f"api_gateway-{number}", pid=1, url="", admin_url=url, state="ready")
        for number, url in enumerate(admin_urls, start=1)
    )
    return StackView(
        name="small",
        ready=True,
        nonce="n",
        url="",
        login=account,
        load_accounts=(),
        services=services,
        topology=Topology(),
    )


def wait(view, limit_s=120.0):
    clock = Clock()
    wait_until_quiet(view, limit_s, monotonic=clock.monotonic, sleep=clock.sleep)
    return clock.now_s


def test_quiet_is_seen_twice(admin):
    """One quiet look may fall between two requests."""
    server = admin("scalelab_requests_in_flight 0.0\nscalelab_requests_total 7.0\n")

    wait(a_view(server.url, ""))

    assert server.asked == 2


def test_a_queue_is_waited_for(admin):
    """In flight, then in a queue, then quiet."""
    server = admin(
        "scalelab_requests_in_flight 3.0\n",
        'scalelab_upstream_queue_length{upstream="database"} 1.0\n',
        "scalelab_requests_in_flight 0.0\n",
    )

    assert wait(a_view(server.url)) == pytest.approx(0.8)


def test_a_system_that_stays_busy_is_told_at_the_limit(admin):
    """Which instance, which metric, how much."""
    quiet, busy = admin("scalelab_requests_in_flight 0\n"), admin("scalelab_database_pool_in_use 64\n")

    with pytest.raises(PreparationError, match=r"still busy after 120 s: api_gateway-2: .*pool_in_use = 64"):
        wait(a_view(quiet.url, busy.url))


def test_a_service_without_metrics_is_not_quiet():
    """Nobody answers there: that is told, too."""
    with pytest.raises(PreparationError, match="no answer"):
        wait(a_view("http://127.0.0.1:9"), limit_s=1.0)
