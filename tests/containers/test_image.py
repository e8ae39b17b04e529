"""The image and its Dockerfile."""

import subprocess
import sys
from pathlib import Path

import pytest

from containers.images import OURS, ROOT

pytestmark = pytest.mark.timeout(600)


def test_the_dockerfile_has_no_fault_that_hadolint_knows():
    """Every rule of its default set."""
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is not installed (tests/containers/requirements.txt)")

    finished = subprocess.run([linter, ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stdout) == (0, "")


def test_it_runs_as_nobody_and_without_tools_to_change_it(engine):
    """A user of its own, no pip, nothing of the laboratory's libraries."""
    who = engine.run("run", "--rm", "--network=none", "--entrypoint", "id", OURS, "-u")
    found = engine.run(
        "run", "--rm", "--network=none", "--entrypoint", "python", OURS, "-c",
        "from importlib.util import find_spec as f; print([m for m in ('pip', 'scipy', 'locust', 'altair') if f(m)])",
    )  # fmt: skip

    assert who.strip() == "10001"
    assert found.strip() == "[]"


def test_a_service_that_it_does_not_know_is_refused(engine):
    """One line, exit code 2."""
    finished = subprocess.run(
        ["docker", "run", "--rm", "--network=none", OURS, "cache"], env=engine.environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert finished.returncode == 2
    assert finished.stderr.splitlines() == [
        "say which service: one of api_gateway, microservice, worker, database, load_balancer"
    ]
