"""The time series of one run: what happened in each second, with the measured window shaded. Pure."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import (
    BLACK,
    BLUE,
    ORANGE,
    SUBTITLE_COLOUR,
    VERMILLION,
    NamedChart,
    chart_of,
    styled,
)
from scalelab.lab.report.timeline_table import timeline_table
from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import RunRecord

WIDTH_PX, PANEL_HEIGHT_PX = 620, 130
WINDOW_COLOUR = "#e3edf5"
DRAIN_COLOUR = "#f3f0e6"
FAULT_COLOUR = "#f7d9c9"
LEAST_FAULT_S = 0.3
"""Shorter ones would not be seen."""


def timeline_chart(record: RunRecord, timeline: Sequence[TimelineRow]) -> NamedChart | None:
    """Completions and failures a second, mean response, requests in flight; None without a timeline."""
    if not timeline:
        return None
    doubt = "" if record.validity == ("valid",) else f" (not valid: {shown.validity(record.validity)})"
    panels = alt.vconcat(
        _rates(record, timeline), _responses(record, timeline), _in_flight(record, timeline), spacing=14
    )
    title = alt.TitleParams(
        f"Second by second: {shown.run_title(record)}{doubt}",
        subtitle=[_window_text(record), _drain_text(record)],
        anchor="start",
        color=VERMILLION if doubt else BLACK,
        subtitleColor=SUBTITLE_COLOUR,
    )
    name = f"timeline_{record.scenario}" + ("" if record.repetition == 1 else f"_{record.repetition}")
    alt_text = f"Completions, mean response and requests in flight in each second of {shown.run_title(record)}{doubt}"
    return NamedChart(
        name,
        styled(panels.properties(title=title).resolve_scale(color="independent")),
        f"Second by second: {shown.run_title(record)}",
        alt_text,
        timeline_table(record, timeline),
    )


def _window_text(record: RunRecord) -> str:
    window = record.window
    ramp = f"Unshaded: ramp and settling, until {shown.seconds(window.start_s)}. " if window.start_s > 0 else ""
    return f"{ramp}Blue: the measured window, until {shown.seconds(window.end_s)}."


def _drain_text(record: RunRecord) -> str:
    faults = " Red: a fault done on purpose." if record.faults else ""
    return f"Sand: the drain, in which nothing is sent and late answers still count.{faults}"


def _rates(record: RunRecord, timeline: Sequence[TimelineRow]) -> Any:
    rows = [
        {"second": row.second, "kind": kind, "per_s": count}
        for row in timeline
        for kind, count in (("completed", row.completed), ("failed or timed out", row.failed + row.timed_out))
    ]
    lines = _line(rows, "per_s", "Answers (1/s)", ("completed", "failed or timed out"), (BLUE, VERMILLION))
    layers = [_phases(record, timeline), *_faults(record, is_named=True), lines]
    if record.prediction is not None:
        layers += _predicted(record.prediction.throughput_per_s)
    return alt.layer(*layers).properties(width=WIDTH_PX, height=PANEL_HEIGHT_PX)


def _predicted(throughput_per_s: float) -> tuple[Any, Any]:
    base = chart_of([{"per_s": throughput_per_s, "text": f"predicted {shown.rate(throughput_per_s)}/s"}])
    rule = base.mark_rule(color=BLACK, strokeDash=[5, 4]).encode(y="per_s:Q")
    text = base.mark_text(align="right", dx=-4, dy=-7, fontSize=11, color=BLACK)
    return rule, text.encode(x=alt.value(WIDTH_PX), y="per_s:Q", text="text:N")


def _responses(record: RunRecord, timeline: Sequence[TimelineRow]) -> Any:
    rows = [
        {"second": row.second, "kind": "mean response", "ms": row.latency_sum_s / row.completed * shown.MS_PER_S}
        for row in timeline
        if row.completed > 0
    ]
    lines = _line(rows, "ms", "Mean response (ms)", ("mean response",), (BLUE,), has_legend=False)
    return alt.layer(_phases(record, timeline), *_faults(record), lines).properties(
        width=WIDTH_PX, height=PANEL_HEIGHT_PX
    )


def _in_flight(record: RunRecord, timeline: Sequence[TimelineRow]) -> Any:
    rows = [
        {"second": row.second, "kind": kind, "count": count}
        for row in timeline
        for kind, count in (("users", row.users), ("in flight", row.in_flight))
    ]
    lines = _line(rows, "count", "Users, in flight", ("users", "in flight"), (ORANGE, BLUE), is_last=True)
    return alt.layer(_phases(record, timeline), *_faults(record), lines).properties(
        width=WIDTH_PX, height=PANEL_HEIGHT_PX
    )


def _line(
    rows: list[dict[str, Any]],
    field: str,
    title: str,
    kinds: tuple[str, ...],
    colours: tuple[str, ...],
    *,
    has_legend: bool = True,
    is_last: bool = False,
) -> Any:
    legend = alt.Legend(title=None, orient="right", symbolStrokeWidth=3) if has_legend else None
    return (
        chart_of(rows)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("second:Q", title="Time since the start of the load (s)" if is_last else None),
            y=alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=True)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=list(colours)), legend=legend),
        )
    )


def _phases(record: RunRecord, timeline: Sequence[TimelineRow]) -> Any:
    """The measured window, and the drain after it as far as there are seconds of it."""
    window, last_s = record.window, float(timeline[-1].second + 1)
    phases = [{"start": window.start_s, "end": window.end_s, "colour": WINDOW_COLOUR}]
    if last_s > window.end_s:
        phases.append({"start": window.end_s, "end": last_s, "colour": DRAIN_COLOUR})
    colour = alt.Color("colour:N", scale=None, legend=None)
    return chart_of(phases).mark_rect().encode(x="start:Q", x2="end:Q", color=colour)


def _faults(record: RunRecord, *, is_named: bool = False) -> tuple[Any, ...]:
    """From its beginning until it was undone; named once, above."""
    if not record.faults:
        return ()
    base = chart_of(
        [
            {"start": one.began_s, "end": max(one.ended_s, one.began_s + LEAST_FAULT_S), "what": one.what}
            for one in record.faults
        ]
    )
    shades = base.mark_rect(color=FAULT_COLOUR).encode(x="start:Q", x2="end:Q")
    if not is_named:
        return (shades,)
    names = base.mark_text(align="left", baseline="top", dx=3, dy=2, fontSize=10, color=VERMILLION)
    return shades, names.encode(x="start:Q", y=alt.value(0), text="what:N")
