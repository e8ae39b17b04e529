"""Everything that the Compose file mounts is written, for its owner only."""

import os
import re

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.files import write_stack_files
from scalelab.deployment.containers.record import read_container_record
from scalelab.deployment.containers.shipped import build_context, compose_file
from scalelab.deployment.state_directory import StackDirectory

ON = ("swarm", "192.0.2.1")


@pytest.fixture
def directory(tmp_path):
    made = StackDirectory("lab", tmp_path / "lab")
    made.create()
    made.create_places()
    return made


def mounted():
    """What stands behind ${SCALELAB_STATE} in the Compose file."""
    return set(re.findall(r"\$\{SCALELAB_STATE[^}]*\}/([\w./]+)", compose_file().read_text(encoding="utf-8")))


def test_every_file_and_folder_that_is_mounted_is_there(directory):
    """Secrets, settings, configurations and the places of data; files are 0600, folders 0700."""
    write_stack_files(Topology(), directory, *ON)

    assert len(mounted()) > 10
    for name in mounted():
        path = directory.root / name
        assert path.exists(), name
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), name


def test_the_balancer_finds_gateways_by_name(directory):
    """HAProxy's configuration is made by the balancer's own code."""
    write_stack_files(Topology(), directory, *ON)

    text = (directory.settings / "haproxy.cfg").read_text(encoding="utf-8")
    assert "server-template api_gateway- 1-64 api_gateway:8080" in text
    assert "bind 0.0.0.0:8080" in text


def test_the_record_brings_it_all_back(directory):
    """For whoever comes later; without one there is no stack."""
    assert read_container_record(directory) is None

    record = write_stack_files(Topology.model_validate({"load_balancer": {"port": 8123}}), directory, *ON)

    assert read_container_record(directory) == record
    assert (record.orchestrator, record.address, record.port) == ("swarm", "192.0.2.1", 8123)
    assert record.variables["SCALELAB_STATE"] == str(directory.root)
    assert directory.containers_file.stat().st_mode & 0o777 == 0o600


def test_the_password_of_a_database_that_the_topology_names_is_its_own(directory):
    """Not a generated one, which that server would refuse."""
    topology = Topology.model_validate({"database": {"url": "postgresql://lab:given@store/records"}})

    write_stack_files(topology, directory, *ON)

    assert (directory.keys / "database_password").read_text(encoding="utf-8") == "given"


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands files to somebody else")
def test_root_hands_the_files_to_the_containers_user(directory):
    """Who is nobody on this machine; the record stays root's."""
    record = write_stack_files(Topology(), directory, *ON)

    assert record.variables["SCALELAB_USER"] == "10001:10001"
    assert directory.signing_key_file.stat().st_uid == 10001
    assert directory.containers_file.stat().st_uid == 0


def test_no_secret_is_the_same_twice(directory, tmp_path):
    """Keys, passwords and the nonce."""
    other = StackDirectory("other", tmp_path / "other")
    other.create()
    other.create_places()

    records = write_stack_files(Topology(), directory, *ON), write_stack_files(Topology(), other, *ON)

    assert records[0].nonce != records[1].nonce
    for name in ("signing_key", "cache_password", "database_password"):
        assert (directory.keys / name).read_bytes() != (other.keys / name).read_bytes()


def test_the_image_is_built_in_a_checkout():
    """Where its Dockerfile is."""
    context = build_context()

    assert context is not None
    assert (context / "deploy" / "Dockerfile").exists()
