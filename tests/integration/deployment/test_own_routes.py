"""A real stack in front of real servers: what is protected and kept, and other routes under load."""

import json
import os
import signal
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import psutil
import pytest

from at_work import AtWork
from scalelab.deployment.attach import attach
from scalelab.deployment.errors import RoutesError
from scalelab.deployment.routes_file import parse_routes

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
CHANGES = 20
BODY_BYTES = 4 * 1024 * 1024


class Named(ThreadingHTTPServer):
    """Answers every GET with its name and a count, every POST with the length of the body."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name = name
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Named

    def do_GET(self):
        self.server.asked += 1
        self._answer(f"{self.server.name} {self.server.asked}".encode())

    def do_POST(self):
        self._answer(b"%d" % len(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_what):
        """Says nothing."""


@contextmanager
def serving(name):
    server = Named(name)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shops():
    with serving("old") as old, serving("new") as new:
        yield old, new


def routes_to(server, **route):
    """A file with two routes to the server: an open one that keeps nothing, and a protected one."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in route.items()]
    table = [
        "[upstreams.shop]",
        f'url = "http://127.0.0.1:{server.server_port}"',
        "[[routes]]",
        'path = "/open/"',
        'upstream = "shop"',
        'protection = "none"',
        'methods = ["GET", "POST"]',
        "ttl_s = 0",
        "[[routes]]",
        'path = "/mine/"',
        'upstream = "shop"',
        "ttl_s = 60",
    ]
    return "\n".join([*table, *lines])


def ask(url, method, path, body=None, headers=None):
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers["X-Cache"], answer.read()
    finally:
        connection.close()


class Visitors(AtWork):
    """Each reads on and on, over one connection."""

    def __init__(self, url, count=4):
        self._address = urlsplit(url).netloc
        super().__init__(count)
        self.answers = []
        self.failures = []

    def work(self, _number):
        connection = HTTPConnection(self._address, timeout=20)
        while not self.stopped.is_set():
            try:
                connection.request("GET", "/open/x")
                answer = connection.getresponse()
                self.answers.append((answer.status, answer.read().split()[0]))
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
        connection.close()


def started(home, shop, tmp_path, *more):
    file = tmp_path / "routes.toml"
    file.write_text(routes_to(shop))
    up = home.scalelab("up", "--routes", str(file), "--detach", "--set", "accounts.load_pool_size=0", *more)
    assert up.returncode == 0, up.stderr
    return file, home.status()


def test_a_stack_in_front_of_ones_own_service(home, shops, tmp_path):
    """No service of the laboratory runs; tokens are made by login; answers are kept for who asked."""
    _, view = started(home, shops[0], tmp_path)
    url = view["url"]
    _, _, told = ask(url, "POST", "/login", json.dumps(view["login"]))
    token = {"Authorization": f"Bearer {json.loads(told)['access_token']}"}

    assert {service["name"] for service in view["services"]} == {"load_balancer", "cache", "api_gateway"}
    assert ask(url, "GET", "/mine/a")[0] == 401
    assert [ask(url, "GET", "/mine/a", None, token)[1] for _ in range(2)] == ["MISS", "HIT"]
    assert ask(url, "POST", "/open/a", b"x" * BODY_BYTES)[::2] == (200, b"%d" % BODY_BYTES)
    assert ask(url, "POST", "/mine/a", b"x", token)[0] == 405
    assert ask(url, "GET", "/open/%2e%2e/mine/a")[0] == 400
    assert ask(url, "GET", "/data?key=1", None, token)[0] == 404


def test_routes_change_under_load_without_a_failed_request(home, shops, tmp_path, eventually):
    """Twenty times; every answer is of the old file or the new one, and afterwards of the last."""
    file, view = started(home, shops[0], tmp_path, "--gateways", "2")
    stack = attach("default", home.environment)
    tables = [parse_routes(routes_to(shop)) for shop in shops]

    with Visitors(view["url"]) as visitors:
        assert eventually(lambda: len(visitors.answers) > 20, 20)
        for number in range(1, CHANGES):
            stack.change_routes(tables[number % 2])
        file.write_text(routes_to(shops[1]))
        applied = home.scalelab("routes", "apply", str(file))
        assert (applied.returncode, applied.stdout) == (0, "2 routes at 2 gateways\n"), applied.stderr
        before = len(visitors.answers)
        assert eventually(lambda: len(visitors.answers) > before + 40, 20)

    assert visitors.failures == []
    assert set(visitors.answers) == {(200, b"old"), (200, b"new")}
    assert set(visitors.answers[before + 8 :]) == {(200, b"new")}


def test_all_gateways_take_other_routes_or_none(home, shops, tmp_path, eventually):
    """A gateway that hangs stops the change; one that dies comes back with the routes of now; a bad file is none."""
    file, view = started(home, shops[0], tmp_path, "--gateways", "2")
    stack = attach("default", home.environment)
    first, second = (service for service in view["services"] if service["name"] == "api_gateway")
    workers = psutil.Process(second["pid"]).children()
    for worker in workers:
        worker.suspend()
    try:
        with pytest.raises(RoutesError, match="api_gateway-2"):
            stack.change_routes(parse_routes(routes_to(shops[1])))
        assert ask(first["url"], "GET", "/open/a")[2].startswith(b"old")
    finally:
        for worker in workers:
            worker.resume()

    file.write_text(routes_to(shops[1], ttl=3))
    refused = home.scalelab("routes", "apply", str(file))
    assert (refused.returncode, "routes.1.ttl: there is no such key" in refused.stderr) == (2, True)

    assert eventually(lambda: home.status()["ready"], 20)
    stack.change_routes(parse_routes(routes_to(shops[1])))
    os.kill(second["pid"], signal.SIGKILL)

    def is_back():
        try:
            return ask(second["url"], "GET", "/open/a")[2].startswith(b"new")
        except (OSError, HTTPException):
            return False

    assert eventually(is_back, 40)
