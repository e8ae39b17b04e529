"""A real browser, a real stack and a real dashboard. Without Chromium they are skipped; in CI they fail."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "tests" / "reports" / "browser"
AXE = "axe-core@4.11.0"
START_LIMIT_S = 90.0
READY_LINE = re.compile(r"Dashboard\s+(\S+)")


def lacking(reason):
    """Skip on a laptop, fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI runs these tests: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright."""
    chromium = shutil.which("chromium")
    if chromium is None:
        lacking("there is no chromium: apt-get install chromium")
    driver = pytest.importorskip("playwright.sync_api", reason="make test-browser installs playwright")
    with driver.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


class Scalelab:
    """The command, with a state directory of its own."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="slb"))
        self.environment = os.environ | {"SCALELAB_HOME": str(self.home)}
        self.started = []

    def command(self, *arguments):
        return [sys.executable, "-P", "-m", "scalelab.cli.main", *map(str, arguments)]

    def __call__(self, *arguments):
        finished = subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, check=False,
            timeout=START_LIMIT_S,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def begin(self, *arguments):
        """A command that goes on, and the address of its dashboard."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if found := READY_LINE.search(line):
                return process, found[1]
        pytest.fail(f"no dashboard: {''.join(said)}")

    def end(self, process):
        process.terminate()
        process.communicate(timeout=START_LIMIT_S)
        self.started.remove(process)

    def status(self):
        return json.loads(self("status", "--json"))


@pytest.fixture(scope="module")
def scalelab():
    """A running stack of two gateways whose work can be seen; whatever is left of it is ended."""
    command = Scalelab()
    command(
        "up", "--gateways", 2, "--detach", "--set", "api_gateway.upstream_slots=8",
        "--set", "database.delay.mean_s=0.02",
    )  # fmt: skip
    try:
        yield command
    finally:
        for process in list(command.started):
            command.end(process)
        command("down")
        shutil.rmtree(command.home)


@pytest.fixture
def port():
    """A free one, for a dashboard that comes back where it was."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def dashboard(scalelab, port):
    """The address with the token."""
    process, address = scalelab.begin("watch", "--port", port)
    yield address
    if process in scalelab.started:
        scalelab.end(process)


class Screen:
    """A page in the browser that fails the test for any complaint of the console."""

    def __init__(self, context):
        self.page = context.new_page()
        self.complaints = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def open(self, address):
        self.page.goto(address)
        self.page.get_by_text("live", exact=True).wait_for()
        return self

    def wait_until(self, expression, limit_s=30.0):
        """Until a JavaScript expression is true. Looks again itself: the page's policy forbids Playwright to."""
        deadline_s = time.monotonic() + limit_s
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline_s, f"not within {limit_s:g} s: {expression}"
            self.page.wait_for_timeout(100)

    def figure(self, name):
        """What one of the figures of now says, unit and all."""
        return self.page.locator("#now > div", has_text=name).locator("dd").inner_text()

    def node(self, title):
        """The box of a part."""
        return self.page.locator(".node", has=self.page.locator("strong", has_text=re.compile(f"^{title}$")))

    def shot(self, name):
        """Kept, to be looked at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def screen(browser):
    """`screen(dark=True, width=390)` is a new tab."""
    contexts, screens = [], []

    def new(*, dark=False, width=1400, height=950):
        context = browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": width, "height": height}
        )
        contexts.append(context)
        screens.append(Screen(context))
        return screens[-1]

    yield new
    complaints = [complaint for one in screens for complaint in one.complaints]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, from the npm registry."""
    place = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), AXE],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        lacking(f"axe-core cannot be had from npm: {error}")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
