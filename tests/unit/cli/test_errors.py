import pytest

from scalelab.cli.errors import CommandError, tell_error
from scalelab.cli.exit_codes import ExitCode
from scalelab.deployment.errors import AlreadyRunningError, ConfigurationError, StartError, UnfitMachineError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (UnfitMachineError("x"), 2),
        (AlreadyRunningError("x"), 2),
        (StartError("x"), 1),
        (CommandError("x", ExitCode.NOT_VALID), 3),
    ],
)
def test_known_trouble_is_its_message_and_its_code(capsys, error, code):
    """One line, no traceback."""
    assert tell_error(error, debug=False) == code
    assert capsys.readouterr().err == "scalelab: x\n"


def test_unexpected_trouble_hints_at_debug(capsys):
    """A bug of ours is told as one."""
    code = tell_error(KeyError("x"), debug=False)

    assert code == 1
    assert capsys.readouterr().err == "scalelab: unexpected KeyError: 'x' (scalelab --debug ... shows where)\n"


def test_debug_shows_where(capsys):
    """The traceback stands before the line."""
    try:
        raise KeyError("x")  # noqa: TRY301  a traceback is what is tested
    except KeyError as error:
        tell_error(error, debug=True)

    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith("scalelab: unexpected KeyError: 'x'\n")
