"""What an export leaves in its directory, and what it refuses."""

import json

import pytest
import yaml

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.shipped import service_images
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.kubernetes.export import export_kubernetes

IMAGES = service_images({})


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """With a server of its own, in the namespace `lab`."""
    folder = tmp_path_factory.mktemp("export") / "lab"
    topology = Topology.model_validate({"database": {"url": "postgresql:"}, "accounts": {"load_pool_size": 2}})
    export_kubernetes(topology, folder, "lab", IMAGES)
    return folder


def test_every_file_that_a_secret_is_made_of_is_there_and_no_other(exported):
    """For their owner only."""
    secrets = exported / "secrets"
    document = yaml.safe_load((secrets / "kustomization.yaml").read_text(encoding="utf-8"))
    named = {file for generator in document["secretGenerator"] for file in generator["files"]}

    written = {str(path.relative_to(secrets)) for path in secrets.glob("*/*")}
    assert named == written
    assert {(secrets / name).stat().st_mode & 0o777 for name in named} == {0o600}


def test_no_secret_stands_outside_its_folder(exported):
    """But for the passwords of people, which no cluster is told."""
    secrets = [
        (exported / f"secrets/keys/{name}_password").read_text(encoding="utf-8") for name in ("cache", "database")
    ]
    settings = json.loads((exported / "secrets/settings/api_gateway.json").read_text(encoding="utf-8"))
    texts = [path.read_text(encoding="utf-8") for path in exported.glob("[bo]*/**/*.yaml")]

    assert len(texts) > 10
    assert [text for text in texts for secret in [*secrets, settings["stack_nonce"]] if secret in text] == []


def test_who_may_log_in_stands_in_a_file_of_its_own(exported):
    """0600, and kept out of a repository with all that is secret."""
    file = exported / "access.json"
    access = json.loads(file.read_text(encoding="utf-8"))
    hashes = json.loads((exported / "secrets/keys/accounts.json").read_text(encoding="utf-8"))

    assert {access["login"]["username"], *(account["username"] for account in access["load_accounts"])} == set(hashes)
    assert file.stat().st_mode & 0o777 == 0o600
    ignored = (exported / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored == ["/access.json", "/secrets/keys/", "/secrets/settings/"]


def test_the_balancer_asks_for_the_gateways_by_their_whole_name(exported):
    """In the namespace of the export."""
    text = (exported / "secrets/settings/haproxy.cfg").read_text(encoding="utf-8")

    assert "api-gateway.lab.svc.cluster.local:8080" in text


def test_both_overlays_run_the_images_that_were_named(tmp_path):
    """By the environment, as in containers."""
    images = service_images({"SCALELAB_IMAGE": "registry:5000/lab:7"})
    export_kubernetes(Topology(), tmp_path / "lab", "lab", images)

    for overlay in ("local", "production"):
        file = tmp_path / "lab/overlays" / overlay / "kustomization.yaml"
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))["images"]
        assert {"name": "scalelab", "newName": "registry:5000/lab", "newTag": "7"} in entries
        assert {entry["name"] for entry in entries} == {"scalelab", "haproxy", "valkey"}


@pytest.mark.parametrize("namespace", ["Lab", "lab_1", "-lab", "", "a" * 64, "lab\n"])
def test_a_namespace_that_is_none_is_refused(tmp_path, namespace):
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="--namespace"):
        export_kubernetes(Topology(), tmp_path / "lab", namespace, IMAGES)

    assert not (tmp_path / "lab").exists()


def test_what_a_cluster_does_not_offer_is_refused(tmp_path):
    """Before anything is written."""
    topology = Topology.model_validate({"cache": {"engine": "memory"}})

    with pytest.raises(ConfigurationError, match="not offered on kubernetes"):
        export_kubernetes(topology, tmp_path / "lab", "lab", IMAGES)

    assert not (tmp_path / "lab").exists()
