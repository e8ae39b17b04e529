import json
import sys
from pathlib import Path

from scalelab.contracts.topology import Topology
from scalelab.deployment.instance import Instance, service_instance
from scalelab.deployment.service_commands import child_environment, service_command
from scalelab.deployment.service_plan import StackPlan
from scalelab.deployment.state_directory import StackDirectory


def plan_in(root):
    directory = StackDirectory("x", root)
    directory.create()
    directory.create_places()
    return StackPlan(
        topology=Topology(), nonce="n0nce", directory=directory, database_url="http://d", microservice_url="http://m"
    )


def test_command_names_a_private_settings_file(tmp_path):
    """Everything is told in the file; the command line and the environment hold nothing else."""
    plan = plan_in(tmp_path / "x")
    gateway = service_instance("api_gateway", 1)
    try:
        command = service_command(plan, gateway)
        listen = gateway.address("traffic")
    finally:
        gateway.unbind()

    file = Path(command.environment["SCALELAB_SETTINGS"])
    assert command.arguments == [sys.executable, "-P", "-m", "scalelab.stack.api_gateway"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["listen"] == listen


def test_cache_is_told_its_configuration_file(tmp_path):
    """A real server's own format."""
    command = service_command(plan_in(tmp_path / "x"), Instance("cache", 1))

    assert command.arguments[-1] == str(tmp_path / "x" / "settings" / "cache-1.conf")
    assert "SCALELAB_SETTINGS" not in command.environment


def test_our_own_variables_do_not_reach_the_services(monkeypatch):
    """SCALELAB_HOME would read as an unknown setting, a Gunicorn variable would change the server."""
    monkeypatch.setenv("SCALELAB_HOME", "/s")
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers 9")
    monkeypatch.setenv("LANG", "C")

    environment = child_environment()

    assert environment["LANG"] == "C"
    assert not {"SCALELAB_HOME", "GUNICORN_CMD_ARGS"} & set(environment)
