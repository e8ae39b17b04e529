"""The report as Markdown."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.report.content import make_content
from scalelab.lab.report.markdown import render_markdown


def test_sections_stand_in_order_of_interest(classic, manifest):
    """What is missing first, then the answer, the table, the graphs, what they support, the method."""
    text = render_markdown(make_content(manifest(classic), classic, ("run.json is missing",)), [("a.png", "a chart")])

    places = [
        text.index(part)
        for part in ("What is missing", "Answer", "| Scenario |", "a.png", "What the numbers support", "How it")
    ]
    assert places == sorted(places)


def test_the_table_is_markdown(classic):
    """One line for each scenario, as many cells as columns."""
    lines = render_markdown(make_content(None, classic, ()), []).splitlines()

    assert "| 3 gateways, miss | 3,730 | 191.0 | 0 | 4,476 | 192.0 | 999 / 1,000 | 0.0% | valid |" in lines


@given(st.text())
def test_foreign_text_stays_text(record, title):
    """A title with pipes, line breaks or markup neither breaks the table nor becomes markup."""
    text = render_markdown(make_content(None, [record(title=title)], ()), [])

    rows = [line for line in text.split("\n") if "14,100" in line and line.startswith("|")]
    assert rows[0].replace("\\\\", "").replace("\\|", "").count("|") == 10
    assert "<" not in text.replace("&lt;", "")


def test_nothing_is_said_plainly():
    """An empty report."""
    assert "There is nothing to report." in render_markdown(make_content(None, (), ("no results",)), [])
