"""One page over several lessons."""

from scalelab.lab.report.content import make_content
from scalelab.lab.report.run_index import IndexedRun, comparison_of, render_index, render_index_page


def a_lesson(classic, manifest):
    told = manifest(classic)
    expecting = told.model_copy(
        update={"experiment_as_run": {**told.experiment_as_run, "expectation": "64 & no more\n<than> that"}}
    )
    return IndexedRun("classic", make_content(expecting, classic, ()), "classic")


def test_question_expectation_and_findings_stand_together(classic, manifest):
    """And a link to the whole report."""
    text = render_index([a_lesson(classic, manifest)], "Lessons")

    places = [
        text.index(part)
        for part in (
            "## classic",
            "**What do two more",
            "Expected before the run: 64",
            "| Scenario |",
            "- 3 gateways",
        )
    ]
    assert places == sorted(places)
    assert "[The whole report](classic/report.html)" in text
    assert "&lt;than&gt; that" in text


def test_the_page_has_the_same(classic, manifest):
    """Markup of anybody's stays text."""
    page = render_index_page([a_lesson(classic, manifest)], "Lessons")

    assert page.startswith("<!doctype html>")
    assert "64 &amp; no more &lt;than&gt; that" in page
    assert '<a href="classic/report.html">' in page
    assert page.count("<tr") == 5


def test_rows_in_doubt_are_marked(classic, manifest):
    """As in the report itself."""
    doubtful = [classic[0].model_copy(update={"validity": ("not-steady",)}), *classic[1:]]

    page = render_index_page([a_lesson(doubtful, manifest)], "Lessons")

    assert page.count('<tr class="doubtful">') == 1


def test_scenarios_that_runs_share_stand_side_by_side(classic, manifest, record):
    """By title; what is in doubt says so, and what one run lacks is a dash."""
    first = make_content(manifest(classic), classic, ())
    second = make_content(None, [record(1, throughput_per_s=70.0, validity=("not-steady",))], ())
    third = make_content(None, [record(3)], ())

    table = comparison_of([IndexedRun("a", first, "a"), IndexedRun("b", second, "b"), IndexedRun("c", third, "c")])

    assert table.head == ("Scenario", "a", "b", "c")
    assert table.rows == (
        ("1 gateway, miss", "63.7", "70.0 (not-steady)", "-"),
        ("3 gateways, miss", "191.0", "-", "191.0"),
    )


def test_scenarios_of_other_experiments_are_not_compared(classic, manifest, record):
    """One gateway and misses here is another system than one gateway and misses there."""
    first = make_content(manifest(classic), classic, ())
    other = make_content(None, [record(1, experiment="tuned")], ())

    assert comparison_of([IndexedRun("a", first, "a"), IndexedRun("b", other, "b")]).rows == ()
