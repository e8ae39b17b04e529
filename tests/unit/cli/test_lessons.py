"""The verb's choice of lessons; running them is for the machine that has the time."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from scalelab.cli.lessons import steps_from
from scalelab.cli.main import run_command
from scalelab.lab.lessons import LESSONS
from scalelab.lab.plan import make_plan
from scalelab.lab.plan_time import planned_steps, total_s
from scalelab.lab.shipped import shipped_experiments

DOCS = Path(__file__).resolve().parents[3] / "docs"
HALF_AN_HOUR_S = 1800.0


def plan_of(name):
    document = tomllib.loads(shipped_experiments()[name].read_text(encoding="utf-8"))
    return make_plan(document, name, is_quick=True, is_verify="verify" in document)


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_says_what_it_asks_and_expects(name):
    """Before it is run; and the docs have a section on it."""
    experiment = plan_of(name).experiment

    assert experiment.question.endswith("?")
    assert len(experiment.expectation.split()) > 20
    assert f"\n## {name}\n" in (DOCS / "lessons.md").read_text(encoding="utf-8")
    assert f"(how_to/lessons/{name}.md)" in (DOCS / "lessons.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LESSONS)
def test_every_change_that_a_how_to_proposes_is_one_that_can_be_made(name, capsys):
    """Each `scalelab plan` of its page, and each `--set` of its tables, is accepted as it stands there."""
    page = (DOCS / "how_to" / "lessons" / f"{name}.md").read_text(encoding="utf-8")
    plans = [shlex.split(line) for line in re.findall(r"^\$ scalelab (plan .*)$", page, re.MULTILINE)]
    plans += [["plan", name, *shlex.split(settings)] for settings in re.findall(r"\| `(--set [^`]*)` \|", page)]

    assert f"$ scalelab run {name}" in page or name == "classic"
    assert plans
    assert [plan for plan in plans if run_command(plan) != 0] == [], capsys.readouterr().err


def test_all_of_them_take_less_than_half_an_hour():
    """In the quick form, as planned."""
    assert sum(total_s(planned_steps(plan_of(name))) for name in LESSONS) < HALF_AN_HOUR_S


def test_an_unknown_lesson_is_refused_with_those_there_are(capsys):
    """Nothing is started."""
    assert run_command(["lessons", "chaos"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no lesson 'chaos': there are classic, published" in line


def test_what_is_left_counts_the_lessons_to_come():
    """This one and those after it, not those before."""
    steps = {name: planned_steps(plan_of(name)) for name in LESSONS[:3]}

    first, second, third = steps
    assert steps_from(first, steps) == [*steps[first], *steps[second], *steps[third]]
    assert steps_from(third, steps) == list(steps[third])
