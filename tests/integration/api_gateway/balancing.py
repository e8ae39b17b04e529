"""A real balancer process in front of a gateway."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

READY_LIMIT_S = 20.0


def _is_ready(admin_address):
    try:
        with closing(http.client.HTTPConnection(*admin_address, timeout=2)) as connection:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def balancer_before(gateway_address, engine, response_timeout_s=20.0):
    """Addresses of its traffic and of its admin listener, once it is ready."""
    directory = Path(tempfile.mkdtemp(prefix="slb-", dir="/tmp"))
    host, port = gateway_address
    traffic, admin = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    addresses = traffic.getsockname(), admin.getsockname()
    settings = {
        "instance": "load_balancer-1",
        "stack_nonce": "nonce-of-this-test",
        "listen": f"fd://{traffic.fileno()}",
        "admin_listen": f"fd://{admin.fileno()}",
        "engine": engine,
        "policy": "round_robin",
        "members": [{"name": "api_gateway-1", "host": host, "port": port}],
        "control_socket": str(directory / "control.sock"),
        "runtime_dir": str(directory / "runtime"),
        "health_interval_s": 0.1,
        "health_fall": 2,
        "health_rise": 1,
        "connect_timeout_s": 1.0,
        "response_timeout_s": response_timeout_s,
        "drain_timeout_s": 1.0,
        "graceful_timeout_s": 2.0,
    }
    (directory / "settings.json").write_text(json.dumps(settings))
    with traffic, admin, (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "scalelab.stack.load_balancer"],
            stderr=log,
            env={**os.environ, "SCALELAB_SETTINGS": str(directory / "settings.json")},
            pass_fds=(traffic.fileno(), admin.fileno()),
        )
    try:
        deadline_s = time.monotonic() + READY_LIMIT_S
        while not _is_ready(addresses[1]):
            assert time.monotonic() < deadline_s, (directory / "log").read_text()
            time.sleep(0.02)
        yield addresses
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(directory)
