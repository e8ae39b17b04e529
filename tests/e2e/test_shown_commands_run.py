"""The commands of README, tutorials and how-tos, as they stand or in a short form, around one running stack."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scalelab.cli.main import run_command
from shown_commands import PAGES, ROOT, SHOWN, plans_of_lessons

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
RUN = [page for page in PAGES if any(not shown.not_run for shown in SHOWN.get(str(page.relative_to(ROOT)), ()))]
LIMIT_S = 120
CI_EXPERIMENT = """
schema = 1
name = "my"
question = "Is the change as quick?"

[load]
driver = "closed_loop"
users = 20
mix = { data = 1 }

[factors]
gateways = [2]
cache = ["miss"]
"""
"""What `my.toml` of the page about CI may be."""


class Answering(BaseHTTPRequestHandler):
    """A service that is always well."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def service():
    """Its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


class Shell:
    """Runs lines with `scalelab` on the PATH, in a folder for each page."""

    def __init__(self, work, service):
        self.work = work
        self.places = {"ROOT": str(ROOT), "WORK": str(work), "BIN": str(work / "bin"), "SERVICE": service}
        (work / "bin").mkdir()
        self._program("scalelab", "-m scalelab.cli.main")
        self._program("pytest", "-m pytest")
        path = f"{work / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = os.environ | {"SCALELAB_HOME": str(work / "home"), "PATH": path}
        (work / "installed").touch()

    def _program(self, name, module):
        program = self.work / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        program.chmod(0o700)

    def command(self, line):
        for name, value in self.places.items():
            line = re.sub(rf"\b{name}\b(?!=)", value, line)
        return ["bash", "-c", line.replace(".venv/bin/scalelab", "scalelab")]

    def run(self, line, folder):
        return subprocess.run(
            self.command(line), cwd=folder, env=self.environment, text=True, check=False, timeout=LIMIT_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


@pytest.fixture(scope="module")
def shell(service):
    """With the stack of README.md up, which is ended at the end; a short path, for the Unix sockets in it."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as path:
        shell = Shell(Path(path), service)
        (shell.work / "short.toml").write_text(short(ROOT / "experiments" / "classic.toml"))
        process = subprocess.Popen(
            shell.command("exec scalelab up --gateways 3"), cwd=path, env=shell.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            said = next((line for line in process.stdout if "http://" in line), "")
            assert said
            yield shell
            down = shell.run("scalelab down", path)
            assert (down.returncode, process.wait(60)) == (0, 0), down.stdout
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def short(experiment):
    """The classic one, in seconds."""
    text = experiment.read_text(encoding="utf-8")
    for before, after in (
        ("\nduration_s = 10.0\nwarm_up_duration_s = 2.0", "\nduration_s = 1.5\nwarm_up_duration_s = 0.5"),
        ("settle_s = 2.0", "settle_s = 0.2"),
        ("gateways = [1, 3]", "gateways = [3]"),
        ('cache = ["miss", "hit"]', 'cache = ["hit"]'),
    ):
        assert before in text
        text = text.replace(before, after)
    return text


def lay_out(page, folder):
    """The files that the page tells its reader to write; and what it takes for granted."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    for name in ("pool_or_gateway.toml", "routes.toml", "what_matters.toml"):
        if blocks and name in text:
            (folder / name).write_text(blocks[0])
    rows = re.search(r"^\$ cat pods.csv\n(.*?)\n\$", text, re.DOTALL | re.MULTILINE)
    if rows:
        (folder / "pods.csv").write_text(rows[1] + "\n")
    (folder / "my.toml").write_text(CI_EXPERIMENT)
    (folder / "topology.toml").write_text("[api_gateway]\nreplicas = 2\n")


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_page_can_be_followed(page, shell):
    """Each of its commands ends as it should, and says what it should."""
    folder = shell.work / page.stem
    folder.mkdir()
    lay_out(page, folder)

    for shown in SHOWN[str(page.relative_to(ROOT))]:
        if not shown.not_run:
            done = shell.run(f"{shown.instead or shown.line} {shown.add}", folder)
            assert done.returncode in shown.codes, f"{shown.line}: {done.returncode}\n{done.stdout[-3000:]}"
            assert re.search(shown.says, done.stdout), f"{shown.line}:\n{done.stdout[-3000:]}"


def test_the_plans_of_the_lessons(capsys):
    """Every change that a lesson's page proposes is one that its experiment takes."""
    codes = {" ".join(words): run_command(words) for words in plans_of_lessons()}

    capsys.readouterr()
    assert {words: code for words, code in codes.items() if code} == {}
