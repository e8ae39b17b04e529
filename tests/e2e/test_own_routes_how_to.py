"""The commands of the how-to, as they stand there, in front of a public server from PyPI."""

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "put-the-gateway-in-front-of-your-service.md"
SERVICE_PORT, BALANCER_PORT = "8000", "8080"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.fixture
def work():
    """A short path, for the Unix sockets in it."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture
def page():
    """The how-to with ports that are free here."""
    text = PAGE.read_text(encoding="utf-8")
    return text.replace(SERVICE_PORT, free_port()).replace(BALANCER_PORT, free_port())


@pytest.fixture
def service(work, page):
    """httpbin as the page starts it."""
    venv.create(work / "httpbin", with_pip=True)
    install, start = (command.split() for command in commands(page)[1:3])
    installed = subprocess.run(install, cwd=work, capture_output=True, text=True, check=False)
    if installed.returncode:
        reason = f"httpbin cannot be installed: {installed.stderr[-300:]}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with (work / "httpbin.log").open("wb") as log:
        process = subprocess.Popen(start, cwd=work, stdout=log, stderr=log)
        try:
            await_port(int(start[-1]))
            yield
        finally:
            process.terminate()
            process.wait()


def await_port(port):
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"nobody listens on port {port}")


def commands(page):
    """Every command of the page, in order."""
    return [line.removeprefix("$ ") for line in console_lines(page) if line.startswith("$ ")]


def console_lines(page):
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_do_what_the_page_says(work, page, service):
    """Every one succeeds, and prints what stands below it."""
    (table,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (work / "routes.toml").write_text(table)
    program = work / "bin" / "scalelab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m scalelab.cli.main "$@"\n')
    program.chmod(0o700)
    path = f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"SCALELAB_HOME": str(work), "PATH": path}

    script = "\n".join(["set -euo pipefail", *commands(page)[3:]])
    try:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    finally:
        subprocess.run([program, "down"], env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    expected = [line for line in console_lines(page) if not line.startswith("$ ")]
    assert [
        line for line in expected if line.strip() not in {told.strip() for told in done.stdout.splitlines()}
    ] == []
