"""`report.html`: the same report as one file that needs nothing else: SVG inside, no script, no network. Pure."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from scalelab.lab.report.content import ReportContent, Table

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid #ddd; text-align: right; }
th { vertical-align: bottom; background: #f6f6f6; } th:first-child, td:first-child { text-align: left; }
.doubtful td { color: #a63e00; } .missing { border-left: 4px solid #d55e00; padding-left: 1rem; }
figure { display: inline-block; margin: .5rem 1rem 1rem 0; max-width: 100%; } svg { max-width: 100%; height: auto; }
"""
_LOCAL_ID = re.compile(r'(\bid="|url\(#|href="#)')


def render_page(content: ReportContent, charts: Sequence[tuple[str, str]]) -> str:
    """The whole page.

    Args:
        content: what it says.
        charts: (SVG document, words for readers who do not see it), in order.
    """
    return standalone_page(content.title, "\n".join(_sections(content, charts)))


def standalone_page(title: str, body: str) -> str:
    """A document that needs nothing else, around a body of markup."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(content: ReportContent, charts: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"<h1>{escape(content.title)}</h1>"
    if content.question:
        yield f"<p>{escape(content.question)}</p>"
    if content.expectation:
        yield f"<p>Expected before the run: {escape(content.expectation)}</p>"
    if content.missing:
        yield f'<div class="missing">{_list("What is missing", content.missing)}</div>'
    if content.scenarios:
        doubtful = frozenset(index for index, scenario in enumerate(content.scenarios) if not scenario.is_valid)
        yield html_table(content.summary, doubtful)
    else:
        yield "<p>There is nothing to report.</p>"
    yield _list("Service level objectives", content.objective_lines)
    yield _list("What the numbers support", content.findings)
    for heading, table, sentences in (
        ("What binds, and what one more would buy", content.verdict, content.verdict_sentences),
        ("Predicted, then measured", content.verified, content.verified_sentences),
        ("Faults", content.faults, content.fault_sentences),
        ("Processes over the load", content.growth, content.growth_sentences),
        ("Effects of the factors", content.effects_table, content.effects.sentences),
    ):
        if table.rows:
            yield f"<h2>{heading}</h2>{html_table(table)}{_items(sentences)}"
    if charts:
        yield "<h2>Graphs</h2>"
        yield from (_figure(index, svg, words) for index, (svg, words) in enumerate(charts))
    yield _list("What an ordinary report would have printed", content.naive)
    yield _list("Caveats", [f"{'; '.join(doubt.scenarios)}: {doubt.text} {doubt.advice}" for doubt in content.doubts])
    for heading, table in (
        ("Response times of good answers", content.latency),
        ("Where every request went", content.books),
        ("What became of the long tasks", content.tasks),
    ):
        if table.rows:
            yield f"<h2>{heading}</h2>{html_table(table)}"
    yield _list("How it was measured", content.method)


def _list(heading: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    return f"<h2>{escape(heading)}</h2>\n{_items(sentences)}"


def _items(sentences: Sequence[str]) -> str:
    items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>\n{items}\n</ul>"


def html_table(table: Table, doubtful_rows: frozenset[int] = frozenset()) -> str:
    """Scrolls by itself where it is too wide; rows in doubt are marked."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(_row(row, is_doubtful=index in doubtful_rows) for index, row in enumerate(table.rows))
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'


def _row(cells: Sequence[str], *, is_doubtful: bool) -> str:
    start = '<tr class="doubtful">' if is_doubtful else "<tr>"
    return start + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _figure(index: int, svg: str, words: str) -> str:
    """An SVG inline. Its ids get a prefix, because those of several charts would be the same."""
    own = _LOCAL_ID.sub(rf"\g<1>chart{index}-", svg)
    return f'<figure role="img" aria-label="{escape(words, quote=True)}">{own}</figure>'
