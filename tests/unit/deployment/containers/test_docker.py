"""Docker as a command: what goes wrong is told in one line."""

import pytest

from scalelab.deployment.containers.docker import Docker, DockerError, demand_docker
from scalelab.deployment.errors import UnfitMachineError


def test_without_docker_it_is_said_what_to_install(tmp_path, monkeypatch):
    """Nothing on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnfitMachineError, match="no docker on PATH: install Docker"):
        demand_docker()


def test_an_engine_that_does_not_answer_is_told_with_its_words(program):
    """The last line of what it said."""
    program("docker", "echo some noise >&2; echo 'Cannot connect to the daemon' >&2; exit 1")

    with pytest.raises(UnfitMachineError, match=r"no Docker engine answers \(docker version failed: Cannot connect"):
        demand_docker()


def test_compose_as_a_plugin_or_as_a_program(program):
    """Whichever there is."""
    program("docker", "exit 0")
    assert demand_docker().compose_command == ("docker", "compose")

    program("docker", '[ "$1" != compose ]')
    program("docker-compose", "exit 0")
    assert demand_docker().compose_command == ("docker-compose",)


def test_without_compose_it_is_said_what_to_install(program):
    """An engine alone is not enough."""
    program("docker", '[ "$1" != compose ]')
    program("docker-compose", "exit 1")

    with pytest.raises(UnfitMachineError, match="no Docker Compose"):
        demand_docker()


def test_compose_is_told_file_project_and_variables(program, tmp_path):
    """Variables by its environment: they are in no command line."""
    program("docker", 'echo "$@"; echo "$SCALELAB_STATE"')

    said = Docker(("docker", "compose")).compose(
        tmp_path / "c.yaml", "lab", {"SCALELAB_STATE": "/state"}, "up", "--detach", limit_s=10.0
    )

    assert said.splitlines() == [f"compose --file {tmp_path}/c.yaml --project-name lab up --detach", "/state"]


def test_any_command_is_given_its_input(program):
    """What it prints comes back."""
    program("docker", 'echo "$@"; cat')

    assert Docker(()).run("stack", "deploy", given="a file") == "stack deploy\na file"


def test_logs_are_appended(program, tmp_path):
    """Of both streams: an instance may have had several containers."""
    program("docker", 'echo "$1 $2"; echo trouble >&2')

    for container in ("one", "two"):
        Docker(()).write_logs(tmp_path / "log", "logs", container)

    assert (tmp_path / "log").read_text() == "logs one\ntrouble\nlogs two\ntrouble\n"


@pytest.mark.parametrize(("script", "words"), [("exit 3", "exit code 3"), ("exec sleep 60", "not done within 0.2 s")])
def test_logs_that_cannot_be_had(program, tmp_path, script, words):
    """It is said why."""
    program("docker", script)

    with pytest.raises(DockerError, match=words):
        Docker(()).write_logs(tmp_path / "log", "logs", "one", limit_s=0.2)


def test_a_command_that_hangs_is_given_up(program, tmp_path):
    """After its limit."""
    program("docker", "exec sleep 60")

    with pytest.raises(DockerError, match=r"docker compose was not done within 0.2 s"):
        Docker(("docker", "compose")).compose(tmp_path / "c.yaml", "lab", {}, "up", limit_s=0.2)


def test_containers_are_those_of_the_project(program):
    """Nothing is inspected when there are none."""
    program("docker", '[ "$1" = ps ] || exit 9')

    assert Docker(("docker", "compose")).containers("lab") == []
