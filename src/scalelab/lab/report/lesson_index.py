"""One page over several lessons: question, expectation, what was found, and where the whole report is. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from scalelab.lab.report.content import ReportContent, Table
from scalelab.lab.report.markdown import markdown_table, markdown_text
from scalelab.lab.report.page import html_table, standalone_page

TITLE = "Lessons"
_COLUMNS = ("Scenario", "Avg Response Time (ms)", "Requests/s", "Failures", "p99 (ms)", "Hit ratio", "Validity")


@dataclass(frozen=True)
class Lesson:
    """One that was run."""

    name: str
    content: ReportContent
    folder: str
    """Of its report, beside the index."""

    @property
    def found(self) -> tuple[str, ...]:
        """What the numbers support."""
        return (*self.content.findings, *self.content.verdict_sentences, *self.content.verified_sentences)

    @property
    def table(self) -> Table:
        """The columns of the summary that a lesson is read by."""
        summary = self.content.summary
        places = [summary.head.index(name) for name in _COLUMNS]
        return Table(_COLUMNS, tuple(tuple(row[place] for place in places) for row in summary.rows))


def render_index(lessons: Sequence[Lesson]) -> str:
    """`index.md`."""
    return "\n".join(_lines(lessons)).rstrip() + "\n"


def render_index_page(lessons: Sequence[Lesson]) -> str:
    """`index.html`: needs nothing else."""
    return standalone_page(TITLE, "\n".join(_sections(lessons)))


def _lines(lessons: Sequence[Lesson]) -> Iterator[str]:
    yield f"# {TITLE}\n"
    for lesson in lessons:
        content = lesson.content
        yield f"## {markdown_text(lesson.name)}\n"
        yield f"**{markdown_text(content.question)}**\n"
        if content.expectation:
            yield f"Expected before the run: {markdown_text(content.expectation)}\n"
        yield from markdown_table(lesson.table)
        yield "\n".join(f"- {markdown_text(sentence)}" for sentence in lesson.found) + "\n"
        yield f"[The whole report]({lesson.folder}/report.html)\n"


def _sections(lessons: Sequence[Lesson]) -> Iterator[str]:
    yield f"<h1>{TITLE}</h1>"
    for lesson in lessons:
        content = lesson.content
        doubtful = frozenset(index for index, scenario in enumerate(content.scenarios) if not scenario.is_valid)
        yield f'<h2 id="{escape(lesson.name)}">{escape(lesson.name)}</h2>'
        yield f"<p><strong>{escape(content.question)}</strong></p>"
        if content.expectation:
            yield f"<p>Expected before the run: {escape(content.expectation)}</p>"
        yield html_table(lesson.table, doubtful)
        items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in lesson.found)
        yield f"<ul>\n{items}\n</ul>"
        yield f'<p><a href="{escape(lesson.folder, quote=True)}/report.html">The whole report</a></p>'
