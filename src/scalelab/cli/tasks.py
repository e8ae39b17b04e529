"""`scalelab tasks`: the long tasks that a running stack has given up, to look at, try again or forget."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

import typer

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.errors import CommandError, complain
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import AsJson
from scalelab.cli.status import aligned
from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.attach import attach
from scalelab.deployment.dead_letters import NotDone, change_dead_letter, dead_letters

HEADINGS = ("task", "user", "attempts", "given up at", "why")
_TASK_ID = re.compile(r"[0-9a-f]{32}")


class TaskAction(StrEnum):
    """What can be done."""

    list = "list"
    retry = "retry"
    drop = "drop"


def tasks(
    action: Annotated[
        TaskAction,
        typer.Argument(help="list: show them. retry: queue them again as the same tasks. drop: forget them."),
    ],
    task_ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Which, for retry and drop.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are listed, for retry and drop.")] = False,
    name: Annotated[str, typer.Option("--stack", "--name", help="Name of the stack.")] = "default",
    as_json: AsJson = False,
) -> int:
    """Show, try again or drop the long tasks that were given up (dead letters)."""
    chosen = wanted_ids(action, task_ids or (), everything=everything)
    view = attach(name).view()
    demand_admin_ports(view)
    if action is TaskAction.list:
        _show(dead_letters(view), as_json=as_json)
        return ExitCode.DONE
    act: Literal["retry", "drop"] = "retry" if action is TaskAction.retry else "drop"
    ids = chosen or tuple(letter.id for letter in dead_letters(view))
    return _change(view, act, ids, as_json=as_json)


def wanted_ids(action: TaskAction, task_ids: Sequence[str], *, everything: bool) -> tuple[str, ...]:
    """The ids that were given, each once; none for `list` and with `--all`.

    Raises:
        CommandError: neither ids nor `--all` where one of them is needed, both, or what is no id.
    """
    if action is TaskAction.list:
        if task_ids or everything:
            raise CommandError("tasks list shows all dead letters: leave out --all and the ids", ExitCode.USAGE)
        return ()
    if bool(task_ids) == everything:
        raise CommandError(f"say which tasks to {action}: ids, or --all", ExitCode.USAGE)
    for task_id in task_ids:
        if _TASK_ID.fullmatch(task_id) is None:
            raise CommandError(
                f"{task_id!r} is no task id: give 32 hexadecimal digits, as `scalelab tasks list` shows them",
                ExitCode.USAGE,
            )
    return tuple(dict.fromkeys(task_ids))


def table(letters: Sequence[LongTaskView]) -> list[str]:
    """One line for each task, below the headings."""
    return aligned([HEADINGS, *map(_row, letters)])


def _row(letter: LongTaskView) -> tuple[str, ...]:
    at_s = letter.finished_at_s
    when = "-" if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
    return letter.id, letter.subject, str(letter.attempts), when, letter.error or "-"


def _show(letters: Sequence[LongTaskView], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"dead_letters": [letter.model_dump(mode="json") for letter in letters]}, indent=2))
    elif letters:
        print("\n".join(table(letters)))
    else:
        print("no task was given up")


def _change(view: StackView, act: Literal["retry", "drop"], ids: Sequence[str], *, as_json: bool) -> int:
    """Each in turn; what fails does not stop the others."""
    outcomes = [change_dead_letter(view, act, task_id) for task_id in ids]
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotDone)]
    done = [outcome for outcome in outcomes if isinstance(outcome, LongTaskView)]
    word = "queued again" if act == "retry" else "dropped"
    if as_json:
        faults = [{"id": fault.task_id, "detail": fault.reason} for fault in refused]
        print(json.dumps({"done": [task.model_dump(mode="json") for task in done], "refused": faults}, indent=2))
    else:
        for task in done:
            print(f"task {task.id} of {task.subject}: {word}")
        if not ids:
            print("no task was given up")
    for fault in refused:
        complain(f"task {fault.task_id} was not {word}: {fault.reason}")
    return ExitCode.UNEXPECTED if refused else ExitCode.DONE
