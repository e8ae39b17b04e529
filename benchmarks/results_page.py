"""Machine and sections as one Markdown page. Pure."""

import re
from collections.abc import Sequence

from benchmarks.comparison import Figure, Goal, Row, Section
from benchmarks.machine import Machine

HOW = "How it was measured"
_MEASURED = re.compile(r"Measured \S+, revision \w+")
_THOUSANDS_FROM = 1000
_WHOLE_FROM = 100
_SIGNS = {"at least": "≥", "at most": "≤", "below": "<"}


def results_page(machine: Machine, how: str, sections: Sequence[Section], before: str = "") -> str:
    """The whole page: what was measured on, the sections, how it was measured.

    Args:
        machine: where and when the sections were measured.
        how: the last section.
        sections: those that were measured.
        before: an earlier page, whose other sections stay as they are, each with its own date and revision.
    """
    fresh = {section.title: "\n".join(_section(section, machine)) for section in sections}
    kept = _sections_of(before)
    order = dict.fromkeys([*kept, *fresh])
    return "\n".join([*_head(machine), *(fresh.get(title) or kept[title] for title in order), how])


def _sections_of(page: str) -> dict[str, str]:
    """Title -> text, but for the last section, which says how it was measured."""
    found = _MEASURED.search(page)
    stamp = found.group(0) if found is not None else ""
    blocks = [block for block in page.split("\n## ")[1:] if not block.startswith(HOW)]
    return {block.partition("\n")[0]: _stamped(f"## {block.rstrip()}\n", stamp) for block in blocks}


def _stamped(block: str, stamp: str) -> str:
    return block if _MEASURED.search(block) or not stamp else f"{block}\n{stamp}.\n"


def _head(machine: Machine) -> list[str]:
    load = ", ".join(f"{one:.2f}" for one in machine.load_average)
    shared = " **The machine was shared: absolute figures are too low, ratios wider than they are.**"
    return [
        "# Benchmark results",
        "",
        "Written by `make bench`; not edited by hand.",
        "",
        f"- Measured {machine.measured_at}, revision {machine.revision}; sections of another date say so.",
        f"- {machine.processor}, {machine.memory_gib:.1f} GiB; {machine.system}",
        f"- Load average at the start {load}; others used {machine.busy_share:.0%} of the machine just before."
        + (shared if machine.is_shared else ""),
        f"- {'; '.join(machine.versions)}",
        "",
    ]


def _section(section: Section, machine: Machine) -> list[str]:
    lines = [
        f"## {section.title}",
        "",
        "| | median | least | greatest | unit | goal | | remark |",
        "| --- | ---: | ---: | ---: | --- | --- | --- | --- |",
        *(_line(row) for row in section.rows),
        "",
    ]
    notes = (*section.notes, f"Measured {machine.measured_at}, revision {machine.revision}.")
    return [*lines, *(f"{note}\n" for note in notes)]


def _line(row: Row) -> str:
    median, least, greatest = _numbers(row.figure)
    verdict = f"**{row.verdict}**" if row.verdict else ""
    cells = (row.what, median, least, greatest, row.unit, _goal(row.goal), verdict, row.remark)
    return f"| {' | '.join(cells)} |"


def _goal(goal: Goal | None) -> str:
    return "" if goal is None else f"{_SIGNS[goal.kind]} {number(goal.bound)}"


def _numbers(figure: Figure) -> tuple[str, str, str]:
    if figure.least == figure.greatest:
        return number(figure.median), "", ""
    return number(figure.median), number(figure.least), number(figure.greatest)


def number(value: float) -> str:
    """As a reader wants it: three digits that count."""
    if abs(value) >= _THOUSANDS_FROM:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.3g}"
