"""The dashboard over a real HTTP service: what it reads, that it ends, and that a load can be stopped early."""

import http.client
import json
import socket
import threading
from contextlib import closing

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.watched import dashboard
from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.processes import run_load
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.serving import serving

pytestmark = pytest.mark.integration


class OneService:
    """A system of one process, until it is gone."""

    def __init__(self, service):
        self.is_gone = False
        self._view = StackView(
            name="x", ready=True, nonce="n", url=service.url, login=Account(username="u", password="secret"),
            load_accounts=(), topology=Topology(),
            services=(
                ServiceView(
                    name="database", instance="database-1", pid=service.process.pid, url=service.url,
                    admin_url=f"http://{service.admin[0]}:{service.admin[1]}", state="ready",
                ),
            ),
        )  # fmt: skip

    def view(self):
        if self.is_gone:
            raise SystemGoneError("the stack 'x' was stopped")
        return self._view

    def not_offered(self):
        return {}


@pytest.fixture
def database(run_service, tmp_path):
    accounts = tmp_path / "accounts.json"
    accounts.write_text("{}")
    return run_service(
        "database",
        {
            "url": f"sqlite:{tmp_path / 'data'}",
            "records": 10,
            "seed": 1,
            "pool_size": 3,
            "delay": {"mean_s": 0.0},
            "accounts_file": str(accounts),
        },
    )


def events(address):
    """Name and document of each event, as they come."""
    host, port = address.removeprefix("http://").strip("/").split(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=20)) as connection:
        connection.request("GET", "/events")
        name = ""
        for line in connection.getresponse():
            text = line.decode().strip()
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield name, json.loads(text.removeprefix("data: "))


def test_a_service_is_seen_and_so_is_its_end(database):
    """Its gauges and its CPU; no password goes out; a stack that goes is told; viewers are let go at the end."""
    system = OneService(database)
    with serving(lambda: system) as dashboard:
        told = events(dashboard.url)
        samples = [document for name, document in (next(told) for _ in range(6)) if name == "sample"]
        node = samples[-1]["nodes"][0]
        system.is_gone = True
        trouble = next(document for name, document in told if name == "stack" and document["trouble"])

    assert node["instance"] == "database-1"
    assert node["gauges"]["pool_size"] == 3.0
    assert node["requests_per_s"] == 0.0
    assert node["cpu_cores"] is not None
    assert "secret" not in json.dumps(samples)
    assert trouble == {"trouble": "the stack 'x' was stopped"}
    assert [name for name, _ in told if name == "hello"] == []


def test_a_taken_port_is_told_in_a_line():
    """With what to change, and the exit code of usage."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                CommandError, match=f"cannot listen on 127.0.0.1:{port} .* give another --host or --port"
            ) as e,
            dashboard(lambda: None, port=port),
        ):
            pass

    assert e.value.code is ExitCode.USAGE


def test_a_load_ends_early_when_it_is_told(database):
    """From another thread, which no signal reaches; what was measured is returned."""
    ending, outcomes = threading.Event(), []
    plan = LoadPlan(
        requests=(RequestTemplate(url=f"{database.url}/records/1"),), load=OpenLoad(rate_per_s=20), duration_s=300.0
    )
    thread = threading.Thread(
        target=lambda: outcomes.append(run_load(plan, lambda _progress: ending.set(), ending=ending))
    )

    thread.start()
    thread.join(timeout=60.0)

    [outcome] = outcomes
    assert outcome.is_interrupted
    assert outcome.tally.counts["completed"] > 0
    assert outcome.elapsed_s < 60.0
