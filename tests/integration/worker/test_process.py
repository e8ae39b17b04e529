"""The worker as a process: what it says when it cannot start, and that it never outlives its parent."""

import json
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

SETTINGS = {
    "instance": "worker-1",
    "stack_nonce": "nonce",
    "listen": "",
    "admin_listen": "127.0.0.1:0",
    "queue_url": "unix:///nowhere.sock",
    "database_url": "http://127.0.0.1:1",
    "threads": 1,
    "max_retries": 1,
    "min_backoff_s": 0.2,
    "max_backoff_s": 1.0,
    "heartbeat_timeout_s": 4.0,
    "result_ttl_s": 60.0,
}
COMMAND = [sys.executable, "-m", "scalelab.stack.worker"]


def environment(tmp_path, number=0, **changes):
    file = tmp_path / f"worker-{number}.json"
    file.write_text(json.dumps(SETTINGS | changes))
    return os.environ | {"SCALELAB_SETTINGS": str(file)}


def test_what_it_cannot_start_with_ends_it_with_one_line(tmp_path):
    """Exit code, and the setting with its value; no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        cases = [
            ({"threads": "many"}, 2, "threads"),
            ({"queue_url": "memory:"}, 3, "queue_url"),
            ({"cache_password_file": "/nowhere/secret"}, 3, "/nowhere/secret"),
            ({"admin_listen": address}, 3, address),
        ]
        started = [
            subprocess.Popen(COMMAND, env=environment(tmp_path, number, **changes), stderr=subprocess.PIPE, text=True)
            for number, (changes, _, _) in enumerate(cases)
        ]
        lines = [process.communicate(timeout=30)[1].splitlines() for process in started]

    assert [process.returncode for process in started] == [exit_code for _, exit_code, _ in cases]
    assert [len(said) for said in lines] == [1] * len(cases)
    assert [words for (_, _, words), said in zip(cases, lines, strict=True) if words not in said[0]] == []


def test_it_dies_with_its_parent(tmp_path):
    """Even on kill -9 of the parent; its own child, too."""
    program = f"import subprocess; p = subprocess.Popen({COMMAND!r}); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    worker = psutil.Process(int(parent.stdout.readline()))
    for line in parent.stderr:  # it runs, and says so
        if "worker_started" in line:
            break
    family = [worker, *worker.children()]
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    _gone, alive = psutil.wait_procs(family, timeout=5)

    assert alive == []
    assert len(family) == 2  # its lease keeper, too
