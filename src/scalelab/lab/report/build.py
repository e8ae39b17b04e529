"""Builds a report from the files of a run, and from nothing else. Told in steps: read, say, draw, write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import vl_convert as vlc

from scalelab.lab.report.balance_chart import balance_chart
from scalelab.lab.report.chart_style import NamedChart
from scalelab.lab.report.charts import bar_charts
from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.cpu_chart import cpu_chart
from scalelab.lab.report.effects_chart import effects_chart
from scalelab.lab.report.law_charts import law_charts
from scalelab.lab.report.markdown import render_markdown
from scalelab.lab.report.page import Drawing, render_page
from scalelab.lab.report.percentiles_chart import percentiles_chart
from scalelab.lab.report.run_content import content_of_run
from scalelab.lab.report.run_index import IndexedRun, render_index, render_index_page
from scalelab.lab.report.timeline_chart import timeline_chart
from scalelab.lab.results.histogram_log import replace_file
from scalelab.lab.results.reading import StoredRun, read_run

SUMMARY_FILE = "summary.md"
PAGE_FILE = "report.html"
PNG_SCALE = 2.0
_OWN_CHARTS = ("rt_*_miss", "th_*_miss", "rt_all", "th_all", "law_*", "effects", "percentiles", "balance", "cpu",
               "timeline_results*")  # fmt: skip
_ENDINGS = (".png", ".svg")


@dataclass(frozen=True)
class BuiltReport:
    """What was said and written."""

    content: ReportContent
    files: tuple[Path, ...]


def build_report(run_directory: Path, reports: Path) -> BuiltReport:
    """Report what is in the run's directory, however little it is.

    Charts of an earlier report that this one does not have are removed, so that none stands beside foreign numbers.

    Raises:
        OSError: the reports cannot be written.
    """
    run = read_run(run_directory)
    content = content_of_run(run)
    charts = _charts(content, run)
    reports.mkdir(parents=True, exist_ok=True)
    drawings = [(chart, vlc.vegalite_to_svg(chart.chart.to_dict())) for chart in charts]
    files = [file for chart, svg in drawings for file in _write_chart(reports, chart, svg)]
    _remove_others(reports, files)
    summary, page = reports / SUMMARY_FILE, reports / PAGE_FILE
    replace_file(summary, render_markdown(content, [(f"{chart.name}.png", chart.alt_text) for chart in charts]))
    replace_file(
        page,
        render_page(content, [Drawing(chart.title, svg, chart.alt_text, chart.table) for chart, svg in drawings]),
    )
    return BuiltReport(content=content, files=(summary, page, *files))


def write_index(runs: Sequence[IndexedRun], directory: Path, title: str) -> None:
    """`index.md` and `index.html`, beside the reports of those runs.

    Raises:
        OSError: they cannot be written.
    """
    replace_file(directory / "index.md", render_index(runs, title))
    replace_file(directory / "index.html", render_index_page(runs, title))


def _charts(content: ReportContent, run: StoredRun) -> tuple[NamedChart, ...]:
    """In the order in which they are shown."""
    overviews = (
        *bar_charts(content),
        *law_charts(content.scenarios),
        effects_chart(content.effects),
        percentiles_chart(content.scenarios),
        balance_chart(content.scenarios),
        cpu_chart(run.repetitions),
    )
    return (*(chart for chart in overviews if chart is not None), *_timelines(run))


def _timelines(run: StoredRun) -> Iterator[NamedChart]:
    for stored in run.repetitions:
        chart = timeline_chart(stored.record, stored.measured.timeline)
        if chart is not None:
            yield chart


def _write_chart(reports: Path, named: NamedChart, svg: str) -> list[Path]:
    png, vector = (reports / f"{named.name}{ending}" for ending in _ENDINGS)
    replace_file(vector, svg)
    fresh = png.with_name(f".{png.name}")
    fresh.write_bytes(vlc.svg_to_png(svg, scale=PNG_SCALE))
    fresh.replace(png)
    return [png, vector]


def _remove_others(reports: Path, written: Sequence[Path]) -> None:
    for pattern in _OWN_CHARTS:
        for ending in _ENDINGS:
            for file in reports.glob(f"{pattern}{ending}"):
                if file not in written:
                    file.unlink()
