"""`scalelab keys`: what it does without a stack, and what it cannot do."""

from scalelab.cli.main import run_command


def test_without_a_stack_there_is_nothing_to_rotate(capsys, monkeypatch, short_home):
    """One line and exit code 1."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    code = run_command(["keys", "rotate"])

    assert code == 1
    assert capsys.readouterr().err == "scalelab: no stack named 'default' is running: start one with `scalelab up`\n"


def test_another_action_is_wrong_usage(capsys):
    """One line that names those that are there."""
    code = run_command(["keys", "forge"])

    told = capsys.readouterr().err
    assert code == 2
    assert told.count("\n") == 1
    assert "rotate" in told
