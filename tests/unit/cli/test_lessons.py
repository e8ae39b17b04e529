"""The verb's choice of lessons; running them is for the machine that has the time."""

import tomllib
from pathlib import Path

import pytest

from scalelab.cli.main import run_command
from scalelab.lab.lessons import LESSONS
from scalelab.lab.plan import make_plan
from scalelab.lab.plan_time import planned_steps, total_s
from scalelab.lab.shipped import shipped_experiments

DOCS = Path(__file__).resolve().parents[3] / "docs" / "lessons.md"
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
    assert f"\n## {name}\n" in DOCS.read_text(encoding="utf-8")


def test_all_of_them_take_less_than_half_an_hour():
    """In the quick form, as planned."""
    assert sum(total_s(planned_steps(plan_of(name))) for name in LESSONS) < HALF_AN_HOUR_S


def test_an_unknown_lesson_is_refused_with_those_there_are(capsys):
    """Nothing is started."""
    assert run_command(["lessons", "chaos"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert "there is no lesson 'chaos': there are classic, published" in line
