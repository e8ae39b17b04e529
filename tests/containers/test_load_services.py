"""Machines that make load, as containers: workers of ours, and Locust's."""

import json
import os
import subprocess

import pytest

from containers.images import OURS, ROOT, build_ours
from scalelab.lab.results.measured_files import read_measured

pytestmark = pytest.mark.timeout(1200)

LOAD_IMAGE = "scalelab-load:latest"


@pytest.fixture(scope="module")
def load_services(engine, tmp_path_factory):
    """Docker Compose on the file of the load services, two workers of each kind; all of it is gone afterwards."""
    folder = tmp_path_factory.mktemp("load")
    build_ours(engine, folder / "context", "requirements-load.txt", LOAD_IMAGE)
    secret, accounts = folder / "secret", folder / "accounts.json"
    secret.write_text("a-secret-that-is-known-to-two-of-us-only")
    accounts.write_text(json.dumps([{"username": "student", "password": "correct horse"}]))
    for file in (secret, accounts):
        file.chmod(0o600)
    environment = engine.environment | {
        "SCALELAB_USER": f"{os.getuid()}:{os.getgid()}",
        "LOAD_SECRET": str(secret),
        "LOAD_ACCOUNTS": str(accounts),
        "LOAD_WORKERS": "2",
        "LOAD_PORTS": "17100-17101",
    }

    def compose(*arguments, **told):
        finished = subprocess.run(
            ["docker", "compose", "-f", ROOT / "deploy" / "compose.load.yaml", *arguments],
            env=environment | told,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return finished.stdout

    yield compose, secret
    compose("down", "--timeout", "1")


@pytest.fixture
def target(engine, load_services):
    """A web server that only the workers' network knows."""
    compose, _ = load_services
    compose("up", "--detach", "--no-build", "load_worker")
    engine.run(
        "run", "--detach", "--rm", "--name", "target", "--network", "scalelab-load", "--entrypoint", "python",
        OURS, "-m", "http.server", "8000", "--directory", "/opt/scalelab",
    )  # fmt: skip
    yield "http://target:8000/"
    engine.run("kill", "target")


def test_two_workers_in_containers_make_one_load(scalelab, load_services, target, tmp_path):
    """They find by name what only their network knows; nobody without the secret is heard."""
    _, secret = load_services
    workers = "127.0.0.1:17100,127.0.0.1:17101"
    options = ("--rate", 20, "--duration", 2, "--workers", workers, "--json", tmp_path / "result.json")

    scalelab("load", target, *options, "--workers-secret-file", secret, codes=(0, 3))
    refused = scalelab("load", target, *options, codes=(2,))

    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["offered"], result["completed"]) == (40, 40)
    assert [machine["sent"] for machine in result["generator"]["machines"]] == [20, 20]
    assert "it has another secret" in refused.stderr


@pytest.fixture
def locust_load(engine, scalelab, load_services, tmp_path):
    """What Locust's master and two workers beside a stack in containers recorded of 6 s of 12 users."""
    compose, _ = load_services
    scalelab("up", "--on", "compose", "--name", "beside", "--gateways", "2", "--detach")
    accounts, results = tmp_path / "accounts.json", tmp_path / "results"
    accounts.touch(mode=0o600)
    accounts.write_text(scalelab("status", "--json", "--name", "beside").stdout)
    results.mkdir()
    (network,) = engine.run("network", "ls", "--filter", "name=beside", "--format", "{{.Name}}").split()
    told = {
        "COMPOSE_PROJECT_NAME": "scalelab-locust",
        "LOAD_NETWORK": network,
        "LOAD_NETWORK_IS_THE_STACKS": "true",
        "LOAD_ACCOUNTS": str(accounts),
        "LOAD_RESULTS": str(results),
        "LOAD_USERS": "12",
        "LOAD_DURATION_S": "6",
    }
    compose("--profile", "locust", "up", "--detach", "--no-build", "locust_master", "locust_worker", **told)
    try:
        compose("--profile", "locust", "wait", "locust_master", **told)  # ends as the master did
    finally:
        compose("--profile", "locust", "down", "--timeout", "1", **told)
        scalelab("down", "--name", "beside")
    return read_measured(results)


def test_locust_in_containers_loads_a_stack_in_containers(locust_load):
    """The master's books are those of both workers: every user, every request with its answer, nothing twice."""
    books = locust_load.recording.books

    assert locust_load.recording.is_final
    assert not locust_load.recording.is_interrupted
    assert max(row.users for row in locust_load.timeline) == 12
    assert books.sent == sum(row.sent for row in locust_load.timeline)
    assert 12 <= books.completed == books.sent
