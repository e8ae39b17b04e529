"""What Compose is told about one stack."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.docker import Docker
from scalelab.deployment.containers.project import Project, project_name
from scalelab.deployment.containers.record import ContainerRecord
from scalelab.deployment.state_directory import StackDirectory


@pytest.fixture
def record():
    account = {"username": "u", "password": "p"}
    return ContainerRecord(
        orchestrator="compose", topology=Topology(), nonce="n", login=account, load_accounts=(), address="127.0.0.1",
        port=1, variables={"GATEWAYS": "3"}, profiles=("postgresql",),
    )  # fmt: skip


def test_profiles_and_variables_go_with_every_verb(program, record):
    """Profiles before the verb, variables by the environment."""
    program("docker", 'echo "$@"; echo "$GATEWAYS"')

    said = Project(Docker(("docker", "compose")), "lab").run(record, "up", "--wait", limit_s=10.0).splitlines()

    assert said[0].endswith("--project-name lab --profile postgresql up --wait")
    assert said[1] == "3"


def test_the_engines_name_of_a_stack(tmp_path):
    """Compose takes small letters only, and no dots."""
    assert project_name(StackDirectory("Lab.2", tmp_path)) == "scalelab-lab-2"
