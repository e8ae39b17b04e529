"""The report as one page."""

from html.parser import HTMLParser

from scalelab.lab.report.content import make_content
from scalelab.lab.report.page import Drawing, render_page
from scalelab.lab.report.table import Table

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><clipPath id="clip0"/><g clip-path="url(#clip0)"/></svg>'


TABLE = Table(("Second", "Completed/s"), (("0", "1,204"), ("1", "-")))


def drawing(words):
    return Drawing("Rates <1>", SVG, words, TABLE)


class Tags(HTMLParser):
    """Every tag and its attributes, and all text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_needs_nothing_else(classic, manifest):
    """No script, no link, no picture from elsewhere."""
    page = Tags(render_page(make_content(manifest(classic), classic, ()), [drawing("a chart")]))

    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not any(name in ("src", "href") for _, attributes in page.tags for name in attributes)


def test_prose_has_no_marks_of_another_format(classic, manifest):
    """The same sentences go into Markdown and HTML: neither may carry the other's signs."""
    page = Tags(render_page(make_content(manifest(classic), classic, ()), ()))

    assert "`" not in "".join(page.text)


def test_ids_of_several_charts_are_kept_apart(classic):
    """Two drawings that both call something clip0."""
    page = render_page(make_content(None, classic, ()), [drawing("one"), drawing("two")])

    ids = [attributes["id"] for _, attributes in Tags(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) == 2
    assert all(f"url(#{name})" in page for name in ids)


def test_each_graph_has_its_table_below_it(classic):
    """Folded up, outside what is read out as one picture, and with a name of its own."""
    page = render_page(make_content(None, classic, ()), [drawing("one"), drawing("two")])

    tags = [tag for tag, _ in Tags(page).tags]
    assert page.count("</figure>\n<details>\n<summary>Table: Rates &lt;1&gt;</summary>") == 2
    assert (tags.count("figure"), tags.count("details")) == (2, 2)
    assert page.count("<td>1,204</td>") == 2


def test_foreign_text_stays_text(record):
    """A title that would be a script."""
    page = Tags(render_page(make_content(None, [record(title="<script>alert(1)</script>")], ()), []))

    assert "script" not in {tag for tag, _ in page.tags}


def test_a_scenario_that_is_not_valid_is_marked(record):
    """Its row, beside the word."""
    page = Tags(render_page(make_content(None, [record(validity=("censored",))], ()), []))

    assert ("tr", {"class": "doubtful"}) in page.tags


def test_a_chart_has_words_for_those_who_do_not_see_it(classic):
    """As its label."""
    page = Tags(render_page(make_content(None, classic, ()), [drawing('a "chart"')]))

    assert ("figure", {"role": "img", "aria-label": 'a "chart"'}) in page.tags
