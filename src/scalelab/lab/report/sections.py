"""The report's order: which section follows which, for Markdown and HTML alike. Pure.

First what a reader came for (question, answer, table, graphs), then what supports it, then its limits and how it was
measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.table import Table

NOTHING_TO_REPORT = "There is nothing to report."
NO_TABLE = Table((), ())


@dataclass(frozen=True)
class Section:
    """A heading with sentences, a table, or both; the graphs have neither here: they are drawn elsewhere."""

    heading: str
    sentences: tuple[str, ...] = ()
    table: Table = NO_TABLE
    doubtful_rows: frozenset[int] = frozenset()
    is_warning: bool = False
    is_answer: bool = False
    are_graphs: bool = False
    is_prose: bool = False
    """The table holds words, not figures."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.sentences or self.table.rows or self.are_graphs)


def sections_of(content: ReportContent) -> Iterator[Section]:
    """All that have something to say, in order."""
    return (section for section in _sections(content) if not section.is_empty)


def _sections(content: ReportContent) -> Iterator[Section]:
    doubtful = frozenset(index for index, scenario in enumerate(content.scenarios) if not scenario.is_valid)
    yield Section("What is missing", content.missing, is_warning=True)
    yield Section("Answer", content.answer, is_answer=True)
    yield Section("Results", () if content.scenarios else (NOTHING_TO_REPORT,), content.summary, doubtful)
    yield Section("Service level objectives", content.objective_lines)
    yield Section("Graphs", are_graphs=True)
    yield Section("What the numbers support", content.findings)
    yield Section("What binds, and what one more would buy", content.verdict_sentences, content.verdict)
    yield Section("Predicted, then measured", content.verified_sentences, content.verified)
    yield Section("Faults", content.fault_sentences, content.faults)
    yield Section("Processes over the load", content.growth_sentences, content.growth)
    yield Section("Effects of the factors", content.effects.sentences, content.effects_table)
    yield Section(
        "Caveats", tuple(f"{'; '.join(doubt.scenarios)}: {doubt.text} {doubt.advice}" for doubt in content.doubts)
    )
    yield Section("What an ordinary report would have printed", content.naive)
    yield Section("Response times of good answers", table=content.latency)
    yield Section("Where every request went", table=content.books)
    yield Section("What became of the long tasks", table=content.tasks)
    yield Section("How it was measured", content.method)
    yield Section("What it was measured with", table=content.manifest, is_prose=True)
