"""The table that `scalelab run` ends with. Computes nothing."""

from collections.abc import Sequence

from rich.table import Table

from scalelab.lab.results.run_record import RunRecord

MS_PER_S = 1000


def results_table(records: Sequence[RunRecord]) -> Table:
    """One row for each repetition of a scenario."""
    table = Table()
    table.add_column("Scenario", no_wrap=True)
    for head in ("Mean ms", "p99 ms", "Req/s", "Predicted", "Failures", "N (Little)", "Hits"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("Validity")
    for record in records:
        table.add_row(*_cells(record))
    return table


def caveat_lines(records: Sequence[RunRecord]) -> list[str]:
    """Every caveat once, behind the scenarios that it concerns."""
    concerned: dict[str, list[str]] = {}
    for record in records:
        for caveat in record.caveats:
            concerned.setdefault(f"{caveat.text} {caveat.advice}".rstrip(), []).append(record.title)
    return [f"- {'; '.join(dict.fromkeys(titles))}: {text}" for text, titles in concerned.items()]


def validity_text(record: RunRecord) -> str:
    """`valid`, or everything that is wrong."""
    return ", ".join(record.validity)


def _cells(record: RunRecord) -> tuple[str, ...]:
    predicted = record.prediction.throughput_per_s if record.prediction is not None else None
    implied = f"{record.little.implied_users:.0f}/{record.users}" if record.little is not None else "-"
    title = record.title if record.repetition == 1 else f"{record.title} (#{record.repetition})"
    return (
        title,
        _milliseconds(record.latency.mean_s),
        _milliseconds(record.latency.p99_s),
        _number(record.throughput_per_s),
        _number(predicted),
        str(record.failures),
        implied,
        "-" if record.cache.hit_ratio is None else f"{record.cache.hit_ratio:.1%}",
        validity_text(record),
    )


def _milliseconds(value_s: float | None) -> str:
    return "-" if value_s is None else f"{value_s * MS_PER_S:,.0f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
