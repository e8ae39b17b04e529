"""One page over several runs: question, answer, expectation, what was found, and where the whole report is. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from scalelab.lab.report import figures as shown
from scalelab.lab.report.content import ReportContent, throughput_text
from scalelab.lab.report.markdown import markdown_table, markdown_text
from scalelab.lab.report.page import html_table, standalone_page
from scalelab.lab.report.table import Table

COMPARISON = "The same scenarios, run by run"
COMPARE_HINT = "Requests/s, and validity where it is in doubt. Whether a difference is one, scalelab compare tells."
_COLUMNS = ("Scenario", "Avg Response Time (ms)", "Requests/s", "Failures", "p99 (ms)", "Hit ratio", "Validity")


@dataclass(frozen=True)
class IndexedRun:
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
        """The columns of the summary that one reads first."""
        summary = self.content.summary
        places = [summary.head.index(name) for name in _COLUMNS]
        return Table(_COLUMNS, tuple(tuple(row[place] for place in places) for row in summary.rows))


def render_index(runs: Sequence[IndexedRun], title: str) -> str:
    """`index.md`."""
    return "\n".join(_lines(runs, title)).rstrip() + "\n"


def render_index_page(runs: Sequence[IndexedRun], title: str) -> str:
    """`index.html`: needs nothing else."""
    return standalone_page(title, "\n".join(_sections(runs, title)))


def comparison_of(runs: Sequence[IndexedRun]) -> Table:
    """Scenarios of one experiment that several runs have, with the throughput in each; no rows when there is none."""
    rates: dict[tuple[str, str], dict[str, str]] = {}
    for run in runs:
        for scenario in run.content.scenarios:
            doubt = "" if scenario.is_valid else f" ({shown.validity(scenario.validity)})"
            told = f"{throughput_text(scenario)}{doubt}"
            rates.setdefault((scenario.first.experiment, scenario.title), {})[run.name] = told
    shared = {title: by_run for (_, title), by_run in rates.items() if len(by_run) > 1}
    names = [run.name for run in runs]
    rows = ((title, *(by_run.get(name, shown.ABSENT) for name in names)) for title, by_run in shared.items())
    return Table(("Scenario", *names), tuple(rows))


def _lines(runs: Sequence[IndexedRun], title: str) -> Iterator[str]:
    yield f"# {markdown_text(title)}\n"
    if (comparison := comparison_of(runs)).rows:
        yield f"## {COMPARISON}\n"
        yield f"{COMPARE_HINT}\n"
        yield from markdown_table(comparison)
    for run in runs:
        content = run.content
        yield f"## {markdown_text(run.name)}\n"
        yield f"**{markdown_text(content.question)}**\n"
        if content.expectation:
            yield f"Expected before the run: {markdown_text(content.expectation)}\n"
        yield f"{' '.join(map(markdown_text, content.answer))}\n"
        yield from markdown_table(run.table)
        yield "\n".join(f"- {markdown_text(sentence)}" for sentence in run.found) + "\n"
        yield f"[The whole report]({run.folder}/report.html)\n"


def _sections(runs: Sequence[IndexedRun], title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>"
    if (comparison := comparison_of(runs)).rows:
        yield f"<h2>{COMPARISON}</h2>\n<p>{COMPARE_HINT}</p>\n{html_table(comparison)}"
    for run in runs:
        content = run.content
        doubtful = frozenset(index for index, scenario in enumerate(content.scenarios) if not scenario.is_valid)
        yield f'<h2 id="{escape(run.name)}">{escape(run.name)}</h2>'
        yield f"<p><strong>{escape(content.question)}</strong></p>"
        if content.expectation:
            yield f"<p>Expected before the run: {escape(content.expectation)}</p>"
        yield f"<p>{escape(' '.join(content.answer))}</p>"
        yield html_table(run.table, doubtful)
        items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in run.found)
        yield f"<ul>\n{items}\n</ul>"
        yield f'<p><a href="{escape(run.folder, quote=True)}/report.html">The whole report</a></p>'
