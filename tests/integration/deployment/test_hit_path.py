"""The hit path behind a real balancer: its request id does not defeat it, and a purge reaches every gateway."""

import http.client
import json
import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.local import LocalStack
from scalelab.deployment.purging import purge_cache
from scalelab.deployment.state_directory import stack_directory

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
ASKED = 60
LIMIT_S = 20.0
"""A gateway on a busy machine holds its lease, without which nothing is answered from memory, only after a while."""


def ask(connection, method, target, *, body=None, headers=None):
    connection.request(method, target, body, headers or {})
    response = connection.getresponse()
    return response, response.read()


def connected(url):
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=20)


def answers_from_memory(view):
    """Of each gateway."""
    found = {}
    for service in view.services:
        if service.name == "api_gateway":
            with closing(connected(service.admin_url)) as admin:
                _, text = ask(admin, "GET", "/metrics")
            lines = [
                line for line in text.decode().splitlines() if line.startswith("scalelab_hit_path_answers_total")
            ]
            found[service.instance] = sum(float(line.rpartition(" ")[2]) for line in lines)
    return found


@pytest.mark.parametrize("engine", ["haproxy", "python"])
def test_answers_come_from_memory_behind_a_balancer(home, engine):
    """Every request has an id of its own that the balancer gave; after a purge the next read is a miss."""
    topology = Topology.model_validate(
        {"database": {"records": 100}, "load_balancer": {"engine": engine}, "api_gateway": {"replicas": 2}}
    )
    with LocalStack(topology, stack_directory("hot", home.environment), keep_logs=False) as stack:
        view = stack.view()
        connection = connected(view.url)
        credentials = json.dumps({"username": view.login.username, "password": view.login.password})
        _, body = ask(connection, "POST", "/login", body=credentials)
        bearer = {"Authorization": f"Bearer {json.loads(body)['access_token']}"}
        answers, deadline_s = [], time.monotonic() + LIMIT_S
        while not (hot := answers_from_memory(view)) or (min(hot.values()) == 0 and time.monotonic() < deadline_s):
            answers += [ask(connection, "GET", "/data?key=5", headers=bearer)[0] for _ in range(ASKED)]
        fault = purge_cache(view, {"key": 5})
        after, _ = ask(connection, "GET", "/data?key=5", headers=bearer)
        connection.close()

    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == len(answers)
    assert min(hot.values()) > 0
    assert fault is None
    assert after.headers["X-Cache"] == "MISS"
