"""`scalelab routes`: a file explained for people and machines, and what cannot be applied."""

import json

import pytest

from scalelab.cli.main import run_command

GOOD = (
    '[upstreams.shop]\nurl = "http://127.0.0.1:8000"\n[[routes]]\npath = "/"\nupstream = "shop"\nsharing = "public"\n'
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(GOOD)
    return path


def test_a_good_file_is_explained(file, capsys):
    """A row for each route, its warnings below."""
    assert run_command(["routes", "check", str(file)]) == 0

    told = capsys.readouterr().out
    assert "GET, HEAD / and below" in told
    assert "who has a token" in told
    assert "- GET, HEAD / and below: sharing = 'public'" in told


def test_the_same_for_machines(file, capsys):
    """Keys that others rely on."""
    assert run_command(["routes", "check", str(file), "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["valid"] is True
    assert set(document["routes"][0]) == {"request", "goes_to", "who_may", "answers", "bounds", "warnings"}
    assert len(document["warnings"]) == 1


def test_a_bad_file_is_wrong_usage(file, capsys):
    """Exit code 2 and the fault, in both forms."""
    file.write_text(GOOD.replace("public", "publik"))

    assert run_command(["routes", "check", str(file)]) == 2
    assert "line 6: routes.0.sharing = 'publik'" in capsys.readouterr().err
    assert run_command(["routes", "check", str(file), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["valid"], len(document["faults"])) == (False, 1)


def test_without_a_stack_there_is_nothing_to_apply_to(file, capsys, monkeypatch, short_home):
    """One line; the file is read first."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    assert run_command(["routes", "apply", str(file)]) == 1
    assert "no stack named 'default' is running" in capsys.readouterr().err
