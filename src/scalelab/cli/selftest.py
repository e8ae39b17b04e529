"""`scalelab selftest`: is this bench telling the truth, on this machine, today?"""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scalelab.cli.consoles import progress_console, result_console
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.time_left import TimeLeft
from scalelab.lab.selftest.cases import CASES
from scalelab.lab.selftest.lines import CaseOutcome, Verdict, worst
from scalelab.lab.selftest.running import QUICK_SCALE, run_cases

_LEAST_WIDTH = 110
_STYLE: dict[Verdict, str] = {"pass": "green", "fail": "bold red", "cannot tell": "yellow"}
_CODE: dict[Verdict, ExitCode] = {
    "pass": ExitCode.DONE,
    "fail": ExitCode.CRITERION_FAILED,
    "cannot tell": ExitCode.NOT_VALID,
}


def selftest(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Half as long; coarser.")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="CASE", help="Repeatable.")] = None,
    list_cases: Annotated[bool, typer.Option("--list", help="Name the cases and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> int:
    """Prove the bench with servers whose truth is known: expected, measured, pass or fail.

    Exit code 0 when all passed, 4 when anything failed, 3 when this machine was too busy to tell.
    """
    if list_cases:
        print(_listed(as_json=as_json))
        return ExitCode.DONE
    names = _names(only)
    scale = QUICK_SCALE if quick else 1.0
    expected_s = [CASES[name].expected_s(scale) for name in names]
    with shown_cases(progress_console(), expected_s) as begins:
        outcomes = list(run_cases(names, scale, begins))
    verdict = worst(outcome.verdict for outcome in outcomes)
    if as_json:
        print(json.dumps({"verdict": verdict, "cases": [outcome.as_json() for outcome in outcomes]}, indent=2))
    else:
        _print(outcomes, verdict)
    return _CODE[verdict]


def _listed(*, as_json: bool) -> str:
    if as_json:
        return json.dumps([{"case": name, "proves": case.proves} for name, case in CASES.items()], indent=2)
    width = max(map(len, CASES))
    return "\n".join(f"{name:<{width}}  {case.proves}" for name, case in CASES.items())


def _names(only: Sequence[str] | None) -> list[str]:
    unknown = [name for name in only or () if name not in CASES]
    if unknown:
        raise CommandError(f"--only {unknown[0]}: there is no such case; one of {', '.join(CASES)}", ExitCode.USAGE)
    return [name for name in CASES if not only or name in only]


@contextmanager
def shown_cases(
    console: Console, expected_s: Sequence[float], clock_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str], None]]:
    """Gives what says which case is under way, and how long it and those to come will take."""
    numbers, left = itertools.count(1), TimeLeft(expected_s, clock_s)

    def text(name: str) -> str:
        number = next(numbers)
        left.begin(number)
        return f"[{number}/{len(expected_s)}] {name}: {CASES[name].proves}{left.text()}"

    if not console.is_terminal:
        yield lambda name: console.print(text(name), highlight=False, markup=False)
        return
    with console.status("starting ...") as status:
        yield lambda name: status.update(escape(text(name)))


def _print(outcomes: Sequence[CaseOutcome], verdict: Verdict) -> None:
    console = result_console()
    if console.width < _LEAST_WIDTH and not console.is_terminal:
        console.width = _LEAST_WIDTH
    table = Table("Case", "What", "Expected", "Measured", "")
    for outcome in outcomes:
        for number, line in enumerate(outcome.lines):
            name = outcome.name if number == 0 else ""
            style = _STYLE[line.verdict]
            table.add_row(name, line.what, line.expected, line.measured, f"[{style}]{line.verdict}[/]")
        if outcome.remark:
            table.add_row("" if outcome.lines else outcome.name, outcome.remark, "", "", "")
        table.add_section()
    console.print(table, highlight=False)
    seconds = sum(outcome.elapsed_s for outcome in outcomes)
    passed = sum(outcome.verdict == "pass" for outcome in outcomes)
    words = {"pass": "The bench tells the truth here.", "fail": "Do not believe this bench before that is mended."}
    doubt = "This machine was too busy to tell: run it again when nothing else does."
    console.print(f"{passed} of {len(outcomes)} cases passed in {seconds:.0f} s. {words.get(verdict, doubt)}")
