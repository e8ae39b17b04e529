from pathlib import Path

from scalelab.lab.plan import make_plan
from scalelab.lab.watch.watched_run import WatchedRun

PLAN = make_plan({"schema": 1, "name": "x", "factors": {"gateways": [3]}}, "x")


class Noted:
    """Whoever else is told of the run."""

    def __init__(self):
        self.heard = []

    def __getattr__(self, name):
        return lambda *_given: self.heard.append(name)


def test_viewers_see_scenario_phase_and_progress():
    """Each step is handed on, too; the phase has its own clock, which other steps do not set back."""
    told, inner, clock_s = [], Noted(), iter(range(100, 200))
    run = WatchedRun("x", inner, told.append, lambda: next(clock_s))

    run.began(Path("results/x"), 4)
    run.scenario(2, PLAN.scenarios[0], 1)
    run.phase("warming up", 10.0)
    run.note("probes: 3 rounds")
    run.over()

    assert inner.heard == ["began", "scenario", "phase", "note"]
    assert told[0]["phase"] == "planning"
    assert told[-1] == {
        "experiment": "x",
        "is_over": True,
        "sentences": [],
        "phase": "warming up",
        "expected_s": 10.0,
        "phase_began_unix_s": 101,
        "directory": "results/x",
        "runs": 4,
        "number": 2,
        "title": "3 gateways",
        "repetition": 1,
        "finished": [],
        "notes": ["probes: 3 rounds"],
    }


def test_what_is_over_is_told_with_its_validity(swept):
    """A scenario without a directory has no verdict yet, and says so by saying nothing."""
    told = []
    run = WatchedRun("x", Noted(), told.append, lambda: 0.0)

    record = swept()
    run.finished(record)

    [row] = told[-1]["finished"]
    assert row["validity"] == list(record.validity)
    assert row["answers_per_s"] == record.throughput_per_s
    assert told[-1]["sentences"] == []
