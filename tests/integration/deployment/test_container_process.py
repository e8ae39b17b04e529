"""The first process of a container, without a container: names the service, drains it, ends it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from scalelab.contracts.service_settings import MicroserviceSettings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

DRAIN_S = 1.5


@pytest.fixture
def started(tmp_path):
    """A real service under it, on ports that were free."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = one.getsockname()[1], two.getsockname()[1]
    settings = MicroserviceSettings(
        instance="microservice-0",
        stack_nonce="n" * 8,
        listen=f"127.0.0.1:{ports[0]}",
        admin_listen=f"127.0.0.1:{ports[1]}",
        database_url="http://127.0.0.1:1",
        service_time={"kind": "constant", "mean_s": 0.0},
        upstream_timeout_s=1.0,
    )
    file = tmp_path / "microservice.json"
    file.write_text(settings.model_dump_json())
    environment = os.environ | {
        "SCALELAB_SETTINGS": str(file),
        "SCALELAB_INSTANCE": "microservice-7",
        "DRAIN_DELAY_S": str(DRAIN_S),
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "scalelab.deployment.container", "microservice"], env=environment
    )
    yield process, ports
    process.kill()
    process.wait()


def ready(port):
    """Status and document of /health/ready; (0, {}) when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except OSError:
        return 0, {}
    finally:
        connection.close()


def await_status(port, status, limit_s=20.0):
    deadline_s = time.monotonic() + limit_s
    while ready(port)[0] != status and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return ready(port)


def test_it_says_goodbye_before_it_ends(started):
    """Not ready at once, on both ports, and still answering; gone after the delay, with the service's exit code."""
    process, (traffic, admin) = started
    status, answer = await_status(traffic, 200)
    assert (status, answer["instance"]) == (200, "microservice-7")

    asked_s = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert await_status(traffic, 503, limit_s=1.0)[0] == 503
    assert ready(admin)[1]["status"] == "draining"
    assert process.wait(20) == 0
    assert time.monotonic() - asked_s >= DRAIN_S
    assert ready(traffic)[0] == 0


def test_asked_twice_it_does_not_wait(started):
    """The second signal goes through at once."""
    process, (traffic, _) = started
    await_status(traffic, 200)

    process.send_signal(signal.SIGTERM)
    assert await_status(traffic, 503, limit_s=1.0)[0] == 503
    process.send_signal(signal.SIGINT)

    assert process.wait(20) == 0


def test_a_service_that_dies_takes_it_along(started):
    """With 128 and the signal, so that the engine starts the container again."""
    process, (traffic, _) = started
    await_status(traffic, 200)
    (child,) = psutil.Process(process.pid).children()

    child.kill()

    assert process.wait(20) == 128 + signal.SIGKILL
