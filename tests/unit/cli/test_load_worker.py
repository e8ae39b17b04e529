"""`scalelab load-worker` before it listens."""

import socket

import pytest

from scalelab.cli.main import run_command


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--listen", "0.0.0.0:7100"], "whoever reaches it could send load from here: give --secret-file FILE"),
        (["--listen", "nowhere"], "--listen 'nowhere' is no address: write HOST:PORT"),
        (["--secret-file", "/absent"], "cannot read the secret /absent: No such file"),
        (["--max-rate", "0"], "(see: scalelab load-worker --help)"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(capsys, options, told):
    """Nothing listens."""
    code = run_command(["load-worker", *options])

    errors = capsys.readouterr().err
    assert code == 2
    assert told in errors
    assert errors.count("\n") == 1


def test_a_port_that_is_taken_is_named(capsys):
    """With the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = run_command(["load-worker", "--listen", f"127.0.0.1:{port}"])

    assert code == 2
    assert capsys.readouterr().err == f"scalelab: cannot listen on 127.0.0.1:{port}: Address already in use\n"
