"""`summary.md`: the report for reading in an editor or on a code host. Pure."""

from collections.abc import Iterator, Sequence

from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.sections import sections_of
from scalelab.lab.report.table import Table

_SPECIAL = str.maketrans(
    {"\\": "\\\\", "|": "\\|", "<": "&lt;", ">": "&gt;", "`": "\\`", "*": "\\*", "_": "\\_", "[": "\\["}
)


def render_markdown(content: ReportContent, charts: Sequence[tuple[str, str]]) -> str:
    """The whole document.

    Args:
        content: what it says.
        charts: (file name, words for readers who do not see it), in order.
    """
    return "\n".join(_lines(content, charts)).rstrip() + "\n"


def _lines(content: ReportContent, charts: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield f"# {markdown_text(content.title)}\n"
    if content.question:
        yield f"{markdown_text(content.question)}\n"
    if content.expectation:
        yield f"Expected before the run: {markdown_text(content.expectation)}\n"
    for section in sections_of(content):
        if section.are_graphs:
            yield from _graphs(charts)
            continue
        yield f"## {section.heading}\n"
        if section.table.rows:
            yield from markdown_table(section.table)
        if section.is_answer:
            yield f"{' '.join(map(markdown_text, section.sentences))}\n"
        elif section.sentences:
            yield "\n".join(f"- {markdown_text(sentence)}" for sentence in section.sentences) + "\n"


def _graphs(charts: Sequence[tuple[str, str]]) -> Iterator[str]:
    if charts:
        yield "## Graphs\n"
        yield from (f"![{markdown_text(words)}]({file})\n" for file, words in charts)


def markdown_table(table: Table) -> Iterator[str]:
    """Line by line, with an empty one at the end."""
    yield _row(table.head)
    yield _row(["---", *["---:"] * (len(table.head) - 1)], is_rule=True)
    yield from (_row(row) for row in table.rows)
    yield ""


def _row(cells: Sequence[str], *, is_rule: bool = False) -> str:
    return f"| {' | '.join(cell if is_rule else markdown_text(cell) for cell in cells)} |"


def markdown_text(text: str) -> str:
    """A text of anybody's, so that it stays text: no markup, no line breaks."""
    return " ".join(text.split()).translate(_SPECIAL)
