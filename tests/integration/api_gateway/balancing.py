"""A real balancer process in front of a gateway."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def balancer_before(gateway_address, engine, response_timeout_s=20.0):
    """Addresses of its traffic and of its admin listener. It may need a moment until the gateway is up."""
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
        yield addresses
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(directory)
