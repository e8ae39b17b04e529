"""A Compose project that stands alone: everything that its file mounts or substitutes is beside it."""

import json
import re

import pytest
import yaml

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.export import export_compose, project_name, standing_alone
from scalelab.deployment.containers.shipped import compose_document
from scalelab.deployment.errors import ConfigurationError

TOPOLOGY = Topology.model_validate({"api_gateway": {"replicas": 3}, "database": {"url": "postgresql:"}})


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Three gateways and a server of its own."""
    folder = tmp_path_factory.mktemp("export") / "lab"
    export_compose(TOPOLOGY, folder, {"SCALELAB_IMAGE": "lab:7"})
    return folder


def variables(folder):
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_everything_that_is_mounted_is_there(exported):
    """Files for their owner only, beside the file that names them."""
    text = (exported / "compose.yaml").read_text(encoding="utf-8")
    mounted = set(re.findall(r"\$\{SCALELAB_STATE[^}]*\}/([\w./]+)", text))

    assert variables(exported)["SCALELAB_STATE"] == "."
    assert len(mounted) > 10
    for name in mounted:
        path = exported / name
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), name


def test_the_file_says_the_same_as_ours_but_how_the_image_is_built(exported):
    """Which only a checkout can."""
    document = yaml.safe_load((exported / "compose.yaml").read_text(encoding="utf-8"))
    ours = compose_document()

    assert "build" in ours["services"]["worker"]
    assert document == standing_alone(ours)
    for name, service in document["services"].items():
        assert service == {key: value for key, value in ours["services"][name].items() if key != "build"}
    assert [key for key in document if key.startswith("x-")] == []


def test_variables_are_those_of_the_topology(exported):
    """With a port that does not change, a project of this directory's own, and the images of the environment."""
    found = variables(exported)

    assert (found["GATEWAYS"], found["SCALELAB_PORT"], found["COMPOSE_PROFILES"]) == ("3", "8080", "postgresql")
    assert (found["COMPOSE_PROJECT_NAME"], found["SCALELAB_IMAGE"]) == ("scalelab-lab", "lab:7")


def test_no_secret_is_a_variable(exported):
    """Variables are shown by many commands."""
    text = (exported / ".env").read_text(encoding="utf-8") + (exported / "compose.yaml").read_text(encoding="utf-8")
    secrets = [path.read_text(encoding="utf-8") for path in (exported / "keys").glob("*_password")]

    assert len(secrets) == 2
    assert [secret for secret in secrets if secret in text] == []


def test_who_may_log_in_stands_in_a_file_of_its_own(exported):
    """And no record of a stack is left: this is none that runs."""
    file = exported / "access.json"
    access = json.loads(file.read_text(encoding="utf-8"))

    assert set(access) == {"login", "load_accounts"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert not (exported / "compose.json").exists()


@pytest.mark.parametrize(
    ("folder", "name"), [("Lab 2.0", "scalelab-lab-2-0"), ("ärger", "scalelab--rger"), ("a_b-c", "scalelab-a_b-c")]
)
def test_a_projects_name_is_one_that_compose_allows(tmp_path, folder, name):
    """Small letters, digits, `-` and `_`."""
    assert project_name(tmp_path / folder) == name


def test_what_containers_do_not_offer_is_refused(tmp_path):
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="not offered on compose"):
        export_compose(Topology.model_validate({"cache": {"url": "redis://store"}}), tmp_path / "lab", {})

    assert not (tmp_path / "lab").exists()
