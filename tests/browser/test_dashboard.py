"""The dashboard as people meet it: opened, played, cut off, on a phone, with the keyboard."""

import re

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def begin_load(page, rate_per_s=100):
    page.get_by_label("Rate").fill(str(rate_per_s))
    page.get_by_role("button", name="Start").click()


def test_it_shows_a_running_stack_and_is_played(scalelab, dashboard, screen):
    """Load, a gateway more while it runs, one killed: each is seen, marked, and on the stack itself."""
    shown = screen().open(dashboard)
    page = shown.page
    assert "token" not in page.url
    assert shown.figure("Latency p99") == "\N{EN DASH} ms"

    begin_load(page)
    shown.wait_until("document.querySelector('#now dd span').textContent.replace(',', '') > 50")
    page.get_by_role("button", name="Gateways: one more").click()
    shown.node("gateway 3").get_by_text("ready").wait_for(timeout=60_000)
    before = {service["instance"]: service["pid"] for service in scalelab.status()["services"]}
    page.locator("#fault-target").select_option("api_gateway-2")
    page.get_by_role("button", name="Kill").click()
    page.locator("#acts li", has_text="kill api_gateway-2").get_by_text("done").wait_for()
    shown.node("gateway 2").get_by_text("ready").wait_for()

    after = {service["instance"]: service["pid"] for service in scalelab.status()["services"]}
    assert after["api_gateway-2"] != before["api_gateway-2"]
    assert "api_gateway-3" in after
    assert re.search(r"\d ms|\d s", shown.figure("Latency p99"))
    assert page.locator("#acts li").count() == 3
    assert page.locator(".graph").first.locator(".mark").count() == 3
    shown.shot("played")


def test_an_update_is_no_older_than_a_second_and_a_half(dashboard, screen):
    """Between two updates, and between a sample's own time and its arrival: medians of five, none timed alone."""
    page = screen().open(dashboard).page

    ages_s = page.evaluate(
        """() => new Promise((done) => {
          const ages = [], source = new EventSource('/events');
          source.addEventListener('sample', (event) => {
            ages.push(Date.now() / 1000 - JSON.parse(event.data).unix_s);
            if (ages.length === 5) { source.close(); done(ages.sort()); }
          });
        })"""
    )

    assert ages_s[2] < 0.5


def test_freeze_is_seen_and_released_early(dashboard, screen):
    """A part that stands still says so, and goes on when told; with the keyboard alone."""
    shown = screen().open(dashboard)
    page = shown.page
    page.locator(".node", has_text="gateway 1").focus()
    page.keyboard.press("Enter")
    page.locator("#fault-duration").select_option("60")
    page.get_by_role("button", name="Freeze").focus()
    page.keyboard.press("Space")

    shown.node("gateway 1").get_by_text("frozen").wait_for()
    shown.shot("frozen")
    page.get_by_role("button", name="Release").click()

    shown.node("gateway 1").get_by_text("ready").wait_for()


def test_settings_change_while_it_runs(scalelab, dashboard, screen):
    """The database's at once, the gateways' by starting them anew: the page and the stack say the same."""
    page = screen().open(dashboard).page
    before = {service["instance"]: service["pid"] for service in scalelab.status()["services"]}

    page.get_by_role("spinbutton", name="Database delay in ms").fill("40")
    page.get_by_role("button", name="Set: Database delay").click()
    page.locator("#acts li", has_text="database.delay.mean_s = 0.04").get_by_text("done").wait_for()
    page.get_by_role("spinbutton", name="Slots").fill("4")
    page.keyboard.press("Enter")
    page.locator("#acts li", has_text="upstream_slots = 4").get_by_text("done").wait_for(timeout=60_000)

    after = scalelab.status()
    changed = {service["instance"] for service in after["services"] if service["pid"] != before[service["instance"]]}
    assert changed == {instance for instance in before if instance.startswith("api_gateway")}
    assert after["topology"]["database"]["delay"]["mean_s"] == 0.04
    assert after["topology"]["api_gateway"]["upstream_slots"] == 4


def test_the_policy_changes_under_load(scalelab, dashboard, screen):
    """Chosen, set, marked on the graphs; no request fails; what the engine lacks is not offered."""
    shown = screen().open(dashboard)
    page = shown.page
    begin_load(page)
    shown.wait_until("document.querySelector('#now dd span').textContent.replace(',', '') > 50")
    offered = page.get_by_role("combobox", name="Policy").locator("option").all_inner_texts()
    marks = page.locator(".graph").first.locator(".mark").count()

    page.get_by_role("combobox", name="Policy").select_option("least_connections")
    page.get_by_role("button", name="Set: Policy").click()
    page.locator("#acts li", has_text="policy least_connections").get_by_text("done").wait_for()
    page.wait_for_timeout(2_000)
    page.get_by_role("button", name="Stop").click()
    page.locator("#load-state", has_text="Ended after").wait_for()

    assert "peak ewma" not in offered
    assert "0 failed" in page.locator("#load-state").inner_text()
    assert page.locator(".graph").first.locator(".mark").count() > marks
    assert scalelab.status()["topology"]["load_balancer"]["policy"] == "least_connections"
    shown.shot("policy")


def test_without_the_token_it_shows_and_changes_nothing(dashboard, screen):
    """Every control is disabled; a wrong token is told; the right one unlocks."""
    address, token = dashboard.split("#token=")
    shown = screen().open(address)
    page = shown.page
    shown.node("balancer").wait_for()

    assert page.locator("#play button:enabled").count() == 0
    page.get_by_role("button", name="Read only: unlock").click()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Use it").click()
    page.get_by_role("button", name="Lock").wait_for()
    assert page.get_by_role("button", name="Gateways: one more").is_enabled()


def test_it_comes_back_when_the_dashboard_does(scalelab, port, screen):
    """Disconnected is said; the page comes back by itself, and asks for the new token before it acts."""
    process, address = scalelab.begin("watch", "--port", port)
    shown = screen().open(address)
    page = shown.page
    scalelab.end(process)

    page.get_by_text("disconnected", exact=True).wait_for()
    shown.shot("disconnected")
    shown.complaints.clear()  # the browser reports each attempt that nobody answers
    process, _ = scalelab.begin("watch", "--port", port)
    page.get_by_text("live", exact=True).wait_for(timeout=20_000)
    page.get_by_role("button", name="Read only: unlock").wait_for()
    scalelab.end(process)
    shown.complaints.clear()


def test_the_verdict_forms_while_one_looks(dashboard, screen):
    """Ten seconds of load are enough to say what is busiest, or binds."""
    shown = screen().open(dashboard)
    begin_load(shown.page)

    shown.wait_until("document.querySelector('#verdict').textContent.includes('answers/s over the last ten seconds')")


@pytest.mark.parametrize(
    ("name", "options"), [("light", {}), ("dark", {"dark": True}), ("phone", {"width": 390, "height": 844})]
)
def test_nothing_stands_in_anybodys_way(dashboard, screen, axe, name, options):
    """No violation that axe can find, no sideways scrolling; and a picture of each, to be looked at."""
    shown = screen(**options).open(dashboard)
    page = shown.page
    begin_load(page)
    shown.wait_until("document.querySelectorAll('.graph path.line[d*=L]').length > 3")
    shown.shot(name)

    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")

    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
