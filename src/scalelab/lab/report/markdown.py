"""`summary.md`: the report for reading in an editor or on a code host. Pure."""

from collections.abc import Iterator, Sequence

from scalelab.lab.report.content import ReportContent, Table

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
    if content.missing:
        yield from _list("What is missing", content.missing)
    if content.scenarios:
        yield from markdown_table(content.summary)
    else:
        yield "There is nothing to report.\n"
    yield from _list("Service level objectives", content.objective_lines)
    yield from _list("What the numbers support", content.findings)
    yield from _told_table("What binds, and what one more would buy", content.verdict, content.verdict_sentences)
    yield from _told_table("Predicted, then measured", content.verified, content.verified_sentences)
    yield from _told_table("Faults", content.faults, content.fault_sentences)
    yield from _told_table("Processes over the load", content.growth, content.growth_sentences)
    yield from _told_table("Effects of the factors", content.effects_table, content.effects.sentences)
    if charts:
        yield "## Graphs\n"
        yield from (f"![{markdown_text(words)}]({file})\n" for file, words in charts)
    yield from _list("What an ordinary report would have printed", content.naive)
    yield from _list(
        "Caveats", [f"{'; '.join(doubt.scenarios)}: {doubt.text} {doubt.advice}" for doubt in content.doubts]
    )
    for heading, table in (
        ("Response times of good answers", content.latency),
        ("Where every request went", content.books),
        ("What became of the long tasks", content.tasks),
    ):
        if table.rows:
            yield f"## {heading}\n"
            yield from markdown_table(table)
    yield from _list("How it was measured", content.method)


def _told_table(heading: str, table: Table, sentences: Sequence[str]) -> Iterator[str]:
    if table.rows:
        yield f"## {heading}\n"
        yield from markdown_table(table)
        yield "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences) + "\n"


def _list(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield f"## {heading}\n"
        yield "\n".join(f"- {markdown_text(sentence)}" for sentence in sentences) + "\n"


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
