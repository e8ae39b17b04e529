"""What `scalelab run` and `scalelab report` end with: the report's own table, and an exit code. Rounds nothing."""

from rich.table import Table

from scalelab.cli.consoles import result_console
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.report.content import ReportContent
from scalelab.lab.report.table import Table as TextTable
from scalelab.lab.results.run_record import RunRecord

LEAST_WIDTH = 165
"""Also where the output goes into a file."""


def print_summary(content: ReportContent) -> None:
    """The table, if there is anything in it, and the answer in two sentences."""
    if content.summary.rows:
        console = result_console()
        console.width = max(console.width, LEAST_WIDTH)
        console.print(summary_table(content.summary))
        print(*content.answer, sep="\n")


def summary_table(summary: TextTable) -> Table:
    """One row for each scenario."""
    table = Table()
    for index, name in enumerate(summary.head):
        is_last = index == len(summary.head) - 1
        table.add_column(
            name,
            justify="right" if index > 0 and not is_last else "left",
            no_wrap=index == 0,
        )
    for row in summary.rows:
        table.add_row(*row)
    return table


def caveat_lines(content: ReportContent) -> list[str]:
    """Every caveat once, behind the scenarios that it concerns."""
    return [f"- {'; '.join(doubt.scenarios)}: {doubt.text} {doubt.advice}".rstrip() for doubt in content.doubts]


def exit_code(content: ReportContent) -> ExitCode:
    """An objective or a prediction that failed; not whole, not valid, or an objective that cannot be told; done."""
    if content.has_objective("violated") or content.is_prediction_missed:
        return ExitCode.CRITERION_FAILED
    is_doubtful = not content.is_valid or content.has_objective("undecided")
    return ExitCode.NOT_VALID if is_doubtful else ExitCode.DONE


def validity_text(record: RunRecord) -> str:
    """`valid`, or everything that is wrong."""
    return ", ".join(record.validity)
