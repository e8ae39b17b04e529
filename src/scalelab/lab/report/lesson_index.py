"""One page over several runs: question, answer, expectation, what was found, and where the whole report is. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from scalelab.lab.report import figures as shown
from scalelab.lab.report.content import ReportContent, Table, throughput_text
from scalelab.lab.report.markdown import markdown_table, markdown_text
from scalelab.lab.report.page import html_table, standalone_page

TITLE = "Lessons"
COMPARISON = "The same scenarios, run by run"
COMPARE_HINT = "Requests/s, and validity where it is in doubt. Whether a difference is one, scalelab compare tells."
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


def render_index(lessons: Sequence[Lesson], title: str = TITLE) -> str:
    """`index.md`."""
    return "\n".join(_lines(lessons, title)).rstrip() + "\n"


def render_index_page(lessons: Sequence[Lesson], title: str = TITLE) -> str:
    """`index.html`: needs nothing else."""
    return standalone_page(title, "\n".join(_sections(lessons, title)))


def comparison_of(lessons: Sequence[Lesson]) -> Table:
    """Scenarios that several runs have, by their titles, with the throughput in each; no rows when there is none."""
    by_title: dict[str, dict[str, str]] = {}
    for lesson in lessons:
        for scenario in lesson.content.scenarios:
            doubt = "" if scenario.is_valid else f" ({shown.validity(scenario.validity)})"
            by_title.setdefault(scenario.title, {})[lesson.name] = f"{throughput_text(scenario)}{doubt}"
    shared = {title: rates for title, rates in by_title.items() if len(rates) > 1}
    names = [lesson.name for lesson in lessons]
    rows = ((title, *(rates.get(name, shown.ABSENT) for name in names)) for title, rates in shared.items())
    return Table(("Scenario", *names), tuple(rows))


def _lines(lessons: Sequence[Lesson], title: str) -> Iterator[str]:
    yield f"# {markdown_text(title)}\n"
    if (comparison := comparison_of(lessons)).rows:
        yield f"## {COMPARISON}\n"
        yield f"{COMPARE_HINT}\n"
        yield from markdown_table(comparison)
    for lesson in lessons:
        content = lesson.content
        yield f"## {markdown_text(lesson.name)}\n"
        yield f"**{markdown_text(content.question)}**\n"
        if content.expectation:
            yield f"Expected before the run: {markdown_text(content.expectation)}\n"
        yield f"{' '.join(map(markdown_text, content.answer))}\n"
        yield from markdown_table(lesson.table)
        yield "\n".join(f"- {markdown_text(sentence)}" for sentence in lesson.found) + "\n"
        yield f"[The whole report]({lesson.folder}/report.html)\n"


def _sections(lessons: Sequence[Lesson], title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    if (comparison := comparison_of(lessons)).rows:
        yield f"<h2>{COMPARISON}</h2>\n<p>{COMPARE_HINT}</p>\n{html_table(comparison)}"
    for lesson in lessons:
        content = lesson.content
        doubtful = frozenset(index for index, scenario in enumerate(content.scenarios) if not scenario.is_valid)
        yield f'<h2 id="{escape(lesson.name)}">{escape(lesson.name)}</h2>'
        yield f"<p><strong>{escape(content.question)}</strong></p>"
        if content.expectation:
            yield f"<p>Expected before the run: {escape(content.expectation)}</p>"
        yield f"<p>{escape(' '.join(content.answer))}</p>"
        yield html_table(lesson.table, doubtful)
        items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in lesson.found)
        yield f"<ul>\n{items}\n</ul>"
        yield f'<p><a href="{escape(lesson.folder, quote=True)}/report.html">The whole report</a></p>'
