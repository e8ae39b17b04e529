"""Machines that make load, as containers: workers of ours, and Locust's."""

import json
import os
import subprocess

import pytest

from containers.images import OURS, ROOT, build_ours

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

    def compose(*arguments):
        finished = subprocess.run(
            ["docker", "compose", "-f", ROOT / "deploy" / "compose.load.yaml", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return finished.stdout

    yield compose, secret
    compose("--profile", "locust", "down", "--timeout", "1")


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


def test_locust_in_containers_is_the_one_that_runs_here(load_services):
    """Its master and its workers know the locustfile and its options."""
    compose, _ = load_services

    said = compose("--profile", "locust", "run", "--rm", "--no-deps", "locust_worker", "--list")

    assert "LaboratoryUser" in said
