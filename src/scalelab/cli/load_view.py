"""How a load is shown: a live line while it runs, then a table with its doubts. Computes and measures nothing."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from scalelab.lab.load.machines import MachineResult
from scalelab.lab.load.percentiles import LatencyFigures
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.processes import Progress
from scalelab.lab.load.result import LoadResult

_ABSENT = "-"
_MS = 1000


def live_line(plan: LoadPlan, progress: Progress) -> str:
    """One line about a load that is under way."""
    counts, row = progress.tally.counts, progress.last_row
    rate = "" if row is None else f"{row.completed / max(row.end_s - row.start_s, 1e-9):,.0f}/s  "
    phase = "drain" if progress.elapsed_s > plan.duration_s else f"{progress.elapsed_s:.0f} of {plan.duration_s:g} s"
    failures = counts["failed"] + counts["timed_out"]
    return f"{phase}  {rate}sent {counts['sent']:,}  in flight {progress.tally.in_flight:,}  failed {failures:,}"


def table_of(result: LoadResult) -> RenderableType:
    """Everything a person wants to know, with units."""
    parts: list[RenderableType] = [_books(result), _latencies(result)]
    if len(result.routes) > 1:
        parts.append(_routes(result))
    if result.failure_kinds:
        parts.append(_failures(result))
    parts.append(_generator(result))
    if len(result.generator.machines) > 1:
        parts.append(_machines(result.generator.machines))
    parts += _verdict(result)
    return Group(*parts)


def print_result(console: Console, result: LoadResult) -> None:
    """Print the table."""
    console.print(table_of(result), highlight=False)


def _books(result: LoadResult) -> Table:
    table = _table(_heading(result))
    for name in ("offered", "sent", "completed", "failed", "timed out", "censored", "req/s", "errors"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{result.offered}",
        f"{result.sent}",
        f"{result.completed}",
        f"{result.failed}",
        f"{result.timed_out}",
        f"{result.censored}",
        _ABSENT if result.rate_per_s is None else f"{result.rate_per_s:.1f}",
        _ABSENT if result.error_share is None else f"{result.error_share:.2%}",
    )
    return table


def _heading(result: LoadResult) -> str:
    what = f"{result.users} users" if result.users is not None else f"{result.rate_asked_per_s or 0:.4g} requests/s"
    return f"{what} for {result.duration_s:g} s, measured over {result.window_s:.2f} s"


def _latencies(result: LoadResult) -> Table:
    table = _table("latency in ms; - = too few answers to tell")
    table.add_column("of good answers")
    for name in ("count", "p50", "p90", "p99", "p99.9", "max", "mean"):
        table.add_column(name, justify="right")
    table.add_row("from intended start", *_cells(result.latency_intended_s))
    table.add_row("from actual start", *_cells(result.latency_actual_s))
    if result.timed_out or result.censored:
        table.add_row("unanswered, at least", *_cells(result.latency_at_least_s))
    if result.latency_failed_s.count:
        table.add_row("error answers", *_cells(result.latency_failed_s))
    return table


def _routes(result: LoadResult) -> Table:
    table = _table("by request; latency in ms from the intended start")
    table.add_column("request", overflow="fold")
    for name in ("sent", "count", "p50", "p90", "p99", "p99.9", "max", "mean"):
        table.add_column(name, justify="right")
    for route in result.routes:
        table.add_row(Text(route.route), f"{route.sent}", *_cells(route.latency_intended_s))
    return table


def _failures(result: LoadResult) -> Table:
    table = _table("failed and timed out")
    table.add_column("kind", overflow="fold")
    table.add_column("count", justify="right")
    for kind, number in result.failure_kinds.items():
        table.add_row(Text(kind), f"{number}")
    return table


def _generator(result: LoadResult) -> Text:
    generator, parts = result.generator, result.parts
    lag = _ABSENT if generator.lag_p99_s is None else f"{generator.lag_p99_s * _MS:.2f} ms"
    wait = _ABSENT if parts.wait_mean_s is None else f"{parts.wait_mean_s * _MS:.2f} ms"
    connect = _ABSENT if parts.connect_mean_s is None else f"{parts.connect_mean_s * _MS:.2f} ms"
    return Text(
        f"generator: {generator.cpu_share:.0%} of a core, schedule lag p99 {lag}; "
        f"means: wait before the start {wait}, opening a connection {connect} ({generator.connections_opened} opened)"
    )


def _machines(machines: Sequence[MachineResult]) -> Table:
    table = _table("by machine; lag (p99) and clock (by how much its start may be off) in ms")
    table.add_column("machine", no_wrap=True)
    for name in ("processes", "lost", "sent", "core", "cpu", "lag", "clock"):
        table.add_column(name, justify="right")
    for machine in machines:
        busy = _ABSENT if machine.machine_cpu_share is None else f"{machine.machine_cpu_share:.0%}"
        times_s = (machine.lag_p99_s, machine.clock_uncertainty_s)
        table.add_row(
            machine.name,
            f"{machine.processes}",
            f"{len(machine.losses)}",
            f"{machine.sent}",
            f"{machine.cpu_share:.0%}",
            busy,
            *(_ABSENT if value_s is None else f"{value_s * _MS:.2f}" for value_s in times_s),
        )
    return table


def _verdict(result: LoadResult) -> list[Text]:
    style = "bold green" if result.validity == "valid" else "bold red"
    lines = [Text(f"validity: {result.validity}", style=style)]
    lines += [Text(f"  {caveat.text} {caveat.advice}") for caveat in result.caveats]
    return lines + [Text(f"criterion {criterion}") for criterion in result.criteria]


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def _cells(figures: LatencyFigures) -> list[str]:
    values = (figures.p50, figures.p90, figures.p99, figures.p99_9, figures.max, figures.mean)
    return [f"{figures.count}", *(_ABSENT if value is None else f"{value * _MS:.3f}" for value in values)]
