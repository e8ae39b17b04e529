import pytest

from scalelab import __version__
from scalelab.cli.main import run_command, summary_of, verb_in


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [(["status", "--json"], "status"), (["--debug", "up"], "up"), ([], None), (["--help"], None), (["x"], None)],
)
def test_only_the_verb_in_hand_is_imported(arguments, verb):
    """The others are read for help only."""
    assert verb_in(arguments) == verb


def test_summary_is_read_without_running_anything():
    """A verb whose imports take seconds costs `--help` nothing."""
    source = 'import absent\n\ndef run(x: int) -> None:\n    """Run it."""\n'

    assert summary_of("run", source) == "Run it."
    assert summary_of("walk", source) == ""


def test_version_is_printed(capsys):
    """`--version` needs no verb."""
    code = run_command(["--version"])

    assert code == 0
    assert capsys.readouterr().out == f"scalelab {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fly"], "No such command 'fly' (see: scalelab --help)"),
        (["up", "--fly"], "No such option: --fly (see: scalelab up --help)"),
        (["up", "--gateways", "many"], "(see: scalelab up --help)"),
        (["scale"], "Missing argument"),
        (["scale", "api_gateway:3"], "'api_gateway:3' is no target: write SERVICE=N"),
        (["scale", "gateway=3"], "write SERVICE=N"),
        (["up", "--topology", "a.toml", "--experiment", "b.toml"], "exclude each other"),
        (["up", "--set", "api_gateway.replicas=0"], "api_gateway.replicas = 0"),
        (["up", "--gateways", "0"], "api_gateway.replicas = 0"),
        (["up", "--port", "70000"], "load_balancer.port = 70000"),
        (["up", "--name", "a/b"], "--name 'a/b' is no name"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, arguments, told):
    """No traceback, nothing started."""
    code = run_command(arguments)

    output = capsys.readouterr()
    assert code == 2
    assert output.out == ""
    assert output.err.startswith("scalelab: ")
    assert output.err.count("\n") == 1
    assert told in output.err


@pytest.mark.parametrize("verb", ["status", "down", "scale"])
def test_no_such_stack_is_one_line_and_exit_code_1(capsys, monkeypatch, short_home, verb):
    """Each verb that needs a stack says so."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    code = run_command([verb, "api_gateway=2"] if verb == "scale" else [verb])

    assert code == 1
    assert capsys.readouterr().err == "scalelab: no stack named 'default' is running: start one with `scalelab up`\n"


def test_no_verb_at_all_shows_the_help(capsys):
    """And is wrong usage to a script."""
    code = run_command([])

    assert code == 2
    assert capsys.readouterr().out.startswith("Usage: scalelab ")


def test_help_lists_the_verbs_without_control_characters(capsys):
    """Not a terminal: plain text."""
    code = run_command(["--help"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "\x1b" not in shown
    assert all(f"\n  {verb}" in shown for verb in ("up", "status", "scale", "down", "doctor"))
