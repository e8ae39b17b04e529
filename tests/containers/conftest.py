"""A real Docker engine for each test process; without root or engine the tests are skipped, in CI they fail."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from containers.engine import Engine, lacking
from containers.images import ENGINES, OURS, POSTGRESQL, SHARED_VARIABLE, make_images
from containers.swarm import TwoNodes


def pytest_configure(config):
    """A run that is told to end tidies up, too, as one that is interrupted by hand does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[SHARED_VARIABLE] = tempfile.mkdtemp(prefix="slc")


def pytest_unconfigure(config):
    """What the workers of a run shared goes with it."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED_VARIABLE), ignore_errors=True)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """It has the images."""
    reason = lacking()
    if reason and os.environ.get("CI"):
        pytest.fail(f"CI runs these tests: {reason}")
    if reason:
        pytest.skip(reason)
    with Engine() as running:
        make_images(running, tmp_path_factory.mktemp("images"))
        yield running


@pytest.fixture(scope="module")
def swarm(engine, tmp_path_factory):
    """Two nodes, each with the images: they have no registry to fetch them from."""
    archive = tmp_path_factory.mktemp("images") / "images.tar"
    engine.run("save", "--output", archive, OURS, ENGINES, POSTGRESQL)
    with TwoNodes() as nodes:
        for node in nodes.engines.values():
            node.run("load", "--input", archive)
        archive.unlink()
        yield nodes


class Scalelab:
    """The command, with a state directory of its own, on the tests' engine."""

    def __init__(self, engine):
        self.home = Path(tempfile.mkdtemp(prefix="slh"))
        self.environment = engine.environment | {
            "SCALELAB_HOME": str(self.home),
            "HAPROXY_IMAGE": ENGINES,
            "VALKEY_IMAGE": ENGINES,
            "POSTGRES_IMAGE": POSTGRESQL,
        }

    def command(self, *arguments):
        """Its arguments, for a process that goes on by itself."""
        return [sys.executable, "-P", "-m", "scalelab.cli.main", *map(str, arguments)]

    def __call__(self, *arguments, codes=(0,), limit_s=300.0, environment=None):
        """Run it to its end; the finished process, whose exit code is one of those."""
        finished = subprocess.run(
            self.command(*arguments), env=self.environment | (environment or {}), capture_output=True, text=True,
            check=False, timeout=limit_s,
        )  # fmt: skip
        assert finished.returncode in codes, (finished.stdout + finished.stderr)[-3000:]
        return finished

    def start(self, *arguments):
        """Start it and let it go on."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self, name="default"):
        """Of a stack, as a document."""
        return json.loads(self("status", "--json", "--name", name).stdout)


@pytest.fixture(scope="module")
def scalelab(engine):
    """On one engine."""
    yield from command_on(engine)


@pytest.fixture(scope="module")
def scalelab_on_swarm(swarm):
    """On the node that manages."""
    yield from command_on(swarm.manager)


def command_on(engine):
    """Whatever stack the tests of a module leave is ended."""
    command = Scalelab(engine)
    yield command
    for stack in (command.home / "stacks").glob("*/containers.json"):
        command("down", "--name", stack.parent.name)
    shutil.rmtree(command.home)


@pytest.fixture(scope="session")
def ask():
    """One request to a stack: status and body."""

    def send(url, method, target, *, body=None, token=None):
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    return send


@pytest.fixture(scope="session")
def login(ask):
    """A token of a stack, from its status."""

    def get(status):
        code, answer = ask(status["url"], "POST", "/login", body=status["login"])
        assert code == 200, answer
        return answer["access_token"]

    return get
