"""A Compose project that was exported needs nothing of ours but the image."""

import json
import socket
import subprocess

import pytest

from containers.engine import compose_program

pytestmark = pytest.mark.timeout(600)
LIMIT_S = 300.0


@pytest.fixture
def project(engine, scalelab, tmp_path):
    """A function that starts an exported project by Compose alone; its containers end with the test."""
    folder = tmp_path / "lab"
    command = [compose_program(), "--file", folder / "compose.yaml"]

    def compose(*arguments):
        # Without the variables of images: the project brings them.
        return subprocess.run(
            [*command, *arguments],
            env=engine.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    def start(*settings):
        scalelab("export", "compose", folder, *settings)
        started = compose("up", "--detach", "--wait")
        assert started.returncode == 0, started.stderr[-3000:]
        return json.loads((folder / "access.json").read_text())

    yield start
    compose("down", "--volumes")


def test_a_project_answers_those_whom_its_export_named(engine, project, ask, login):
    """Two gateways, a port that was asked for, a database server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"

    access = project(
        *("--set", f"load_balancer.port={port}"),
        *("--set", "api_gateway.replicas=2"),
        *("--set", "database.url=postgresql:"),
    )

    token = login({"url": url, "login": access["login"]})
    code, answer = ask(url, "GET", "/data?key=7", token=token)
    instances = {ask(url, "GET", "/health")[1]["instance"] for _ in range(6)}
    assert (code, answer["key"]) == (200, 7)
    assert instances == {"api_gateway-1", "api_gateway-2"}
