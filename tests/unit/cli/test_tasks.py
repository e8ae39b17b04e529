"""`scalelab tasks`: what it takes, what it shows, and what it says without a stack."""

import pytest

from scalelab.cli.errors import CommandError
from scalelab.cli.main import run_command
from scalelab.cli.tasks import TaskAction, table, wanted_ids
from scalelab.contracts.long_tasks import LongTaskView

ID = "0123456789abcdef" * 2
OTHER = "fedcba9876543210" * 2


@pytest.mark.parametrize(
    ("action", "ids", "everything", "wanted"),
    [("list", [], False, ()), ("retry", [ID, OTHER, ID], False, (ID, OTHER)), ("drop", [], True, ())],
)
def test_which_tasks_are_meant(action, ids, everything, wanted):
    """Each once, in the order given; none stands for all."""
    assert wanted_ids(TaskAction(action), ids, everything=everything) == wanted


@pytest.mark.parametrize(
    ("action", "ids", "everything", "words"),
    [
        ("retry", [], False, "ids, or --all"),
        ("drop", [ID], True, "ids, or --all"),
        ("list", [ID], False, "leave out"),
        ("list", [], True, "leave out"),
        ("drop", ["../x"], False, "'../x' is no task id"),
        ("retry", [ID.upper()], False, "32 hexadecimal digits"),
    ],
)
def test_anything_else_is_refused(action, ids, everything, words):
    """Nothing is dropped by mistake, and no path is made of what is no id."""
    with pytest.raises(CommandError, match=words):
        wanted_ids(TaskAction(action), ids, everything=everything)


def test_a_line_says_whose_when_and_why():
    """Below the headings, columns in line."""
    letter = LongTaskView(
        id=ID, subject="ada", state="dead", progress=0.5, attempts=4, error="no", submitted_at_s=0, finished_at_s=1e9
    )

    assert table([letter]) == [
        "task                              user  attempts  given up at                why",
        f"{ID}  ada   4         2001-09-09T01:46:40+00:00  no",
    ]


def test_without_a_stack_there_is_nothing_to_list(capsys, monkeypatch, short_home):
    """One line and exit code 1; nothing that a program could take for an answer."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    code = run_command(["tasks", "list", "--json", "--stack", "other"])

    told = capsys.readouterr()
    assert code == 1
    assert told.out == ""
    assert told.err == "scalelab: no stack named 'other' is running: start one with `scalelab up`\n"


def test_wrong_usage_is_one_line_and_exit_code_2(capsys):
    """Before anything is asked."""
    code = run_command(["tasks", "drop"])

    assert code == 2
    assert capsys.readouterr().err == "scalelab: say which tasks to drop: ids, or --all\n"
