"""`report.html`: the same report as one file that needs nothing else: SVG inside, no script, no network. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.sections import Section, sections_of
from scalelab.lab.report.table import Table

_STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --rule: #ddd; --head: #f6f6f6; --doubt: #a63e00;
  --mark: #0072b2; --soft: #eef5fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e4; --paper: #16191d; --rule: #3a3f45; --head: #22272d;
  --doubt: #ff9d66; --mark: #6cb6e8; --soft: #1d2833; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { margin-bottom: .2rem; line-height: 1.2; } h2 { margin-top: 2.2rem; } .question { font-size: 1.15rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; }
th { vertical-align: bottom; background: var(--head); } th:first-child, td:first-child { text-align: left; }
tr.doubtful td { color: var(--doubt); }
.answer, .missing { border-left: 4px solid var(--mark); padding: .1rem 1rem; background: var(--soft); }
.answer h2, .missing h2 { margin-top: .6rem; } .answer p { font-size: 1.1rem; }
.missing, .answer.doubtful { border-color: var(--doubt); }
.graphs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; }
.graph { align-self: start; min-width: 0; } figure { margin: 0; background: #fff; }
svg { width: 100%; height: auto; }
summary { padding: .4rem 0; cursor: pointer; } details { font-size: .9rem; }
details .scroll { max-height: 24rem; overflow: auto; }
.words th, .words td { text-align: left; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .scroll { overflow: visible; }
  figure, tr { break-inside: avoid; } details:not([open]) { display: none; } }
"""
_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_LOCAL_ID = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True)
class Drawing:
    """A graph as it stands on the page."""

    title: str
    svg: str
    """A whole document."""
    words: str
    """For readers who do not see it."""
    table: Table
    """Its figures."""


def render_page(content: ReportContent, charts: Sequence[Drawing]) -> str:
    """The whole page, with these graphs in order."""
    return standalone_page(content.title, "\n".join(_parts(content, charts)))


def standalone_page(title: str, body: str) -> str:
    """A document that needs nothing else, around a body of markup."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _parts(content: ReportContent, charts: Sequence[Drawing]) -> Iterator[str]:
    yield f"<h1>{escape(content.title)}</h1>"
    if content.question:
        yield f'<p class="question">{escape(content.question)}</p>'
    if content.expectation:
        yield f"<p>Expected before the run: {escape(content.expectation)}</p>"
    for section in sections_of(content):
        if not section.are_graphs:
            yield _section(section, content)
        elif charts:
            figures = "\n".join(_graph(index, drawing) for index, drawing in enumerate(charts))
            yield f'<section>\n<h2>Graphs</h2>\n<div class="graphs">\n{figures}\n</div>\n</section>'


def _section(section: Section, content: ReportContent) -> str:
    kind = _kind(section, content)
    table = html_table(section.table, section.doubtful_rows) if section.table.rows else ""
    words = f"<p>{escape(' '.join(section.sentences))}</p>" if section.is_answer else _items(section.sentences)
    heading = f"<h2>{escape(section.heading)}</h2>"
    start = f'<section class="{kind}">' if kind else "<section>"
    return f"{start}\n{heading}\n{table}{words}\n</section>"


def _kind(section: Section, content: ReportContent) -> str:
    if section.is_answer:
        return "answer" if content.is_valid else "answer doubtful"
    return "missing" if section.is_warning else "words" if section.is_prose else ""


def _items(sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>\n{items}\n</ul>"


def html_table(table: Table, doubtful_rows: frozenset[int] = frozenset()) -> str:
    """Scrolls by itself where it is too wide; rows in doubt are marked."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(_row(row, is_doubtful=index in doubtful_rows) for index, row in enumerate(table.rows))
    parts = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    return f'<div class="scroll" tabindex="0"><table>\n{parts}\n</table></div>'


def _row(cells: Sequence[str], *, is_doubtful: bool) -> str:
    start = '<tr class="doubtful">' if is_doubtful else "<tr>"
    return start + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _graph(index: int, drawing: Drawing) -> str:
    """The figure, and its table below it, folded up: for whoever cannot see the one, or wants the digits."""
    summary = f"<summary>Table: {escape(drawing.title)}</summary>"
    table = f"<details>\n{summary}\n{html_table(drawing.table)}\n</details>"
    return f'<div class="graph">\n{_figure(index, drawing.svg, drawing.words)}\n{table}\n</div>'


def _figure(index: int, svg: str, words: str) -> str:
    """An SVG inline. Its ids get a prefix, because those of several charts would be the same.

    The words speak for the whole drawing: what its parts call themselves would be read out one by one.
    """
    own = _ROLES.sub("", _LOCAL_ID.sub(rf"\g<1>chart{index}-", svg))
    return f'<figure role="img" aria-label="{escape(words, quote=True)}">{own}</figure>'
