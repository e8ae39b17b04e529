"""Where the verbs print, and in which manner."""

import json
import os
import pty
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scalelab.cli.consoles import is_plain, is_quiet, progress_console, result_console
from scalelab.cli.main import run_command

VERBS = Path(__file__).resolve().parents[3] / "src" / "scalelab" / "cli"
ESCAPE = b"\x1b"


class Hello(BaseHTTPRequestHandler):
    """Answers, and writes no log."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def on_a_terminal(command, **variables):
    """What a command writes when all of its streams are a terminal."""
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "FORCE_COLOR"}}
    with subprocess.Popen(
        [sys.executable, "-m", "scalelab.cli.main", *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=plain | {"TERM": "xterm"} | variables,
    ):
        os.close(theirs)
        written = b""
        while piece := _read(ours):
            written += piece
    os.close(ours)
    return written


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the other end has gone
        return b""


@pytest.mark.parametrize(
    ("environment", "plain"),
    [
        ({}, False),
        ({"CI": "true"}, True),
        ({"CI": "false"}, False),
        ({"NO_COLOR": "1"}, True),
        ({"NO_COLOR": ""}, False),
        ({"TERM": "dumb"}, True),
    ],
)
def test_plain_is_what_a_ci_service_and_no_color_and_a_dumb_terminal_get(environment, plain):
    """An empty NO_COLOR is none, as no-color.org has it."""
    assert is_plain(environment) is plain


def test_forced_colours_do_not_win_over_plain(monkeypatch):
    """A CI service that sets FORCE_COLOR gets whole lines."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CI", "true")

    assert not progress_console().is_terminal
    assert not result_console().is_terminal


def test_a_load_on_a_terminal_moves_and_in_ci_does_not(address):
    """The same command, and the same result below it."""
    command = ["load", address, "--rate", "20", "--duration", "1", "--warm-up", "0"]

    moving, plain = on_a_terminal(command), on_a_terminal(command, CI="true")

    assert ESCAPE in moving
    assert ESCAPE not in plain
    assert b"p99" in plain


def test_quiet_silences_progress_but_no_result(monkeypatch, capsys):
    """As an option before the verb, or as a variable."""
    monkeypatch.setenv("SCALELAB_QUIET", "")
    assert not progress_console().quiet

    assert run_command(["--quiet", "selftest", "--list", "--json"]) == 0

    assert is_quiet(os.environ)
    assert progress_console().quiet
    assert not result_console().quiet
    assert {"case", "proves"} == json.loads(capsys.readouterr().out)[0].keys()


def test_no_verb_has_a_console_of_its_own():
    """Else it would not hear of --quiet and of CI."""
    own = [file.name for file in VERBS.glob("*.py") if "Console(" in file.read_text(encoding="utf-8")]

    assert own == ["consoles.py"]
