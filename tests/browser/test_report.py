"""A report of a real run, in a real browser: readable by everybody, and the same figures as in Markdown."""

import re
import shutil
import subprocess

import pytest

from browser.conftest import Scalelab

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SHORT = (
    "--set", "load.duration_s=4", "--set", "load.settle_s=0", "--set", "load.users=20",
    "--set", "load.spawn_rate_per_s=20", "--set", "warm_up.duration_s=1",
)  # fmt: skip
ONLY = ("--only", "results_1_gateway_miss", "--only", "results_3_gateways_miss")
MOST_BYTES = 3_000_000
NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The directory of one; whether its few seconds make a valid measurement does not matter here."""
    folder, command = tmp_path_factory.mktemp("report"), Scalelab()
    for arguments in (
        ("run", "classic", "--results", folder / "results", *ONLY, *SHORT),
        ("report", folder / "results" / "latest", "--reports", folder / "reports"),
    ):
        finished = subprocess.run(
            command.command(*arguments), env=command.environment, capture_output=True, text=True, check=False
        )
        assert finished.returncode in {0, 3, 4}, finished.stderr
    shutil.rmtree(command.home)
    return folder / "reports"


@pytest.mark.parametrize(
    ("name", "options"), [("light", {}), ("dark", {"dark": True}), ("phone", {"width": 390, "height": 844})]
)
def test_everybody_can_read_it(report, screen, axe, name, options):
    """No violation that axe can find, no sideways scrolling; and a picture of each, to be looked at."""
    shown = screen(**options)
    shown.page.goto((report / "report.html").as_uri())
    shown.shot(f"report_{name}")

    graphs = shown.page.locator(".graph").count()
    for summary in shown.page.locator(".graph summary").all():
        summary.click()
    shown.shot(f"report_{name}_tables")

    shown.page.evaluate(axe)
    found = shown.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")

    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    assert shown.page.locator(".graph details[open] tbody tr:first-child").count() == graphs > 0
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.page.locator(".answer p").inner_text().count(".") >= 2
    assert (report / "report.html").stat().st_size < MOST_BYTES


def test_its_figures_are_those_of_the_summary(report, screen):
    """To the digit: what Markdown says stands on the page, too, and in the same order."""
    shown = screen()
    shown.page.goto((report / "report.html").as_uri())
    shown.page.evaluate("document.querySelectorAll('.graph').forEach((graph) => graph.remove())")

    said = (report / "summary.md").read_text(encoding="utf-8")
    without_pictures = "\n".join(line for line in said.splitlines() if not line.startswith("!["))

    assert NUMBER.findall(shown.page.inner_text("body")) == NUMBER.findall(without_pictures)
