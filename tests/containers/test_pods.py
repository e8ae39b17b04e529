"""Pods, as the manifests of an export describe them, become ready in whatever order they start, and answer."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from containers.pods import Pods

pytestmark = pytest.mark.timeout(600)
READY_LIMIT_S = 180.0


@pytest.fixture(scope="module")
def exported(scalelab, tmp_path_factory):
    """With a database server of its own."""
    folder = tmp_path_factory.mktemp("export") / "lab"
    scalelab("export", "kubernetes", folder, "--namespace", "lab", "--set", "database.url=postgresql:")
    return folder


@pytest.fixture(scope="module")
def pods(engine, exported, tmp_path_factory):
    """Of the local overlay, but two gateways."""
    kubectl = Path(sys.executable).with_name("kubectl")
    rendered = subprocess.run(
        [kubectl, "kustomize", exported / "overlays" / "local"], capture_output=True, text=True, check=True
    )
    with Pods(engine, list(yaml.safe_load_all(rendered.stdout)), tmp_path_factory.mktemp("pods")) as pods:
        pods.start_all({"api-gateway": 2})
        yield pods


def unready(pods):
    deadline_s = time.monotonic() + READY_LIMIT_S
    while (left := pods.unready()) and time.monotonic() < deadline_s:
        time.sleep(1.0)
    return left


def test_every_pod_becomes_ready(engine, pods):
    """With the files, the user and the rights that its manifest gives it."""
    left = unready(pods)

    assert len(pods.started) == 8
    assert left == [], {name: engine.logs(name)[-2000:] for name in left}


def test_they_find_each_other_by_name(exported, pods, ask, login):
    """Both gateways by one name; a record from the server; a task that the worker has done."""
    url = f"http://{pods.address('load-balancer-0')}:8080"
    token = login({"url": url, "login": json.loads((exported / "access.json").read_text())["login"]})

    instances = {ask(url, "GET", "/health")[1]["instance"] for _ in range(8)}
    code, answer = ask(url, "GET", "/data?key=7", token=token)
    assert len(instances) == 2
    assert (code, answer["key"]) == (200, 7)
    assert ask(url, "GET", "/process?key=7", token=token)[0] == 200
    code, task = ask(url, "POST", "/longtask", body={"count": 3, "duration_s": 0.1}, token=token)
    assert code == 202, task
    assert done(lambda: ask(url, "GET", f"/longtask/{task['id']}", token=token)[1]["state"] == "succeeded")


def done(is_true, limit_s=30.0):
    deadline_s = time.monotonic() + limit_s
    while not is_true() and time.monotonic() < deadline_s:
        time.sleep(0.2)
    return is_true()
