"""What a run shows without a terminal: one plain line for each step."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from scalelab.cli.run_progress import RunDisplay
from scalelab.lab.plan import make_plan
from scalelab.lab.plan_time import duration_text, planned_steps
from scalelab.lab.results.recording import TimelineRow


@pytest.fixture
def shown():
    return StringIO()


@pytest.fixture
def display(shown):
    with RunDisplay(Console(file=shown, width=40)) as display:
        display.began(Path("results"), 4)
        plan = make_plan({"schema": 1, "name": "x", "factors": {"gateways": [3]}}, "x")
        display.scenario(2, plan.scenarios[0], 1)
        yield display


def test_each_step_is_one_line(display, shown):
    """Number, title, step, and how long it should take; never broken at the width of a terminal."""
    display.phase("warming up", 10.0)

    assert shown.getvalue().splitlines()[0].endswith("[2/4] 3 gateways: warming up (10 s)")


def test_the_load_is_told_every_ten_seconds(display, shown):
    """A log file of a minute has six lines of it."""
    display.phase("measuring", 60.0)
    for second in range(20):
        display.second(TimelineRow(second=second, users=100, completed=60, failed=2, in_flight=7))

    lines = shown.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("10 of 60 s: 100 users, 60 answers/s, 2 failed, 7 waiting")


def test_what_is_left_of_a_plan_is_told(shown):
    """The run in hand counts with what it was expected to take still; without a plan nothing is said."""
    now_s = 0.0
    plan = make_plan({"schema": 1, "name": "x", "factors": {"gateways": [1, 2, 3]}}, "x")
    steps = planned_steps(plan)
    with RunDisplay(Console(file=shown, width=40), steps, lambda: now_s) as display:
        display.began(Path("results"), 3)
        display.scenario(2, plan.scenarios[1], 1)
        display.phase("measuring", 60.0)
        now_s += 20.0
        display.second(TimelineRow(second=19, users=100, completed=60, in_flight=7))

    left_s = steps[1].expected_s - 20.0 + steps[2].expected_s
    assert shown.getvalue().splitlines()[-1].endswith(f"7 waiting; about {duration_text(left_s)} left")


def test_after_its_end_a_load_is_draining(display, shown):
    """Nothing is sent any more; answers are awaited."""
    display.phase("measuring", 5.0)
    display.second(TimelineRow(second=9, users=3, completed=2, in_flight=3))

    assert shown.getvalue().splitlines()[-1].endswith("10 s, draining: 3 users, 2 answers/s, 3 waiting")
