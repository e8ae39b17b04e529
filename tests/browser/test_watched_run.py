"""A run in the browser: what it does, what is over and how valid it was; and nobody can disturb it."""

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

EXPERIMENT = """
schema = 1
name = "two_sizes"
[topology.api_gateway]
upstream_slots = 8
[topology.database.delay]
mean_s = 0.02
[load]
driver = "open_loop"
rate_per_s = 40
duration_s = 12.0
[warm_up]
duration_s = 2.0
users = 5
[factors]
gateways = [1, 2]
"""


def test_a_run_is_shown_until_it_is_over(scalelab, screen, tmp_path):
    """Phase, progress and validity while it runs; no act is offered; and its end is no fault."""
    experiment = tmp_path / "two_sizes.toml"
    experiment.write_text(EXPERIMENT)
    process, address = scalelab.begin("run", experiment, "--watch", "--results", tmp_path / "results")
    shown = screen().open(address)
    page = shown.page

    page.get_by_text("1 of 2: 1 gateway").wait_for(timeout=60_000)
    page.get_by_text("Looking only: a run is being measured").wait_for()
    assert page.get_by_role("button").filter(visible=True).evaluate_all(
        "all => all.filter((one) => !one.classList.contains('node')).length"
    ) == 0  # fmt: skip
    page.locator("#run tbody tr").first.wait_for(timeout=90_000)
    shown.shot("run")
    assert page.locator("#run tbody tr td").first.inner_text() == "1 gateway"

    process.communicate(timeout=120)
    scalelab.started.remove(process)
    page.get_by_text("The run is over, and its dashboard has ended with it.").wait_for()
    shown.complaints.clear()  # the browser reports each attempt that nobody answers
