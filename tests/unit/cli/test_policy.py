"""`scalelab policy`: what it says where there is nothing to change."""

from scalelab.cli.main import run_command
from scalelab.contracts.stack_view import Account
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.record import ContainerRecord, write_container_record
from scalelab.deployment.state_directory import stack_directory


def test_without_a_stack_there_is_no_policy(capsys, monkeypatch, short_home):
    """One line and exit code 1."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    code = run_command(["policy", "random"])

    assert code == 1
    assert capsys.readouterr().err == "scalelab: no stack named 'default' is running: start one with `scalelab up`\n"


def test_containers_are_refused_in_one_line(capsys, monkeypatch, short_home):
    """With what to do instead; the engine of the containers is not asked."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))
    directory = stack_directory("default", {"SCALELAB_HOME": str(short_home)})
    directory.create()
    account = Account(username="u", password="p")
    record = ContainerRecord(
        orchestrator="compose", topology=Topology(), nonce="n", login=account, load_accounts=(),
        address="127.0.0.1", port=1, variables={},
    )  # fmt: skip
    write_container_record(directory, record)

    code = run_command(["policy", "random"])

    told = capsys.readouterr().err
    assert code == 2
    assert told.count("\n") == 1
    assert "--set load_balancer.policy=random" in told
