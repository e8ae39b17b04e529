"""How long a plan takes, before it starts."""

import tomllib
from pathlib import Path

import pytest

from scalelab.lab.plan import make_plan
from scalelab.lab.plan_time import OVERHEAD_S, START_S, STOP_S, duration_text, planned_steps, total_s

EXPERIMENTS = Path(__file__).resolve().parents[3] / "experiments"


def steps_of(name, **changes):
    document = tomllib.loads((EXPERIMENTS / f"{name}.toml").read_text(encoding="utf-8"))
    return planned_steps(make_plan({**document, **changes}, name, is_verify=name == "next_replica"))


def test_a_stack_is_started_once_while_only_gateways_change():
    """The first run of classic pays for the start; a miss also waits for its queue."""
    first, second, third, fourth = steps_of("classic")

    assert first.expected_s == pytest.approx(START_S + OVERHEAD_S + 13.0 + 60.0 + 14.125)
    assert second.expected_s == fourth.expected_s == pytest.approx(OVERHEAD_S + 13.0 + 60.0, abs=0.1)
    assert third.expected_s == pytest.approx(OVERHEAD_S + 13.0 + 60.0 + 3.708, abs=0.1)


def test_another_topology_costs_another_start():
    """A pool of another size is another stack."""
    one, other = steps_of("classic", factors={"topology.database.pool_size": [8, 16]})

    assert one.expected_s - other.expected_s == pytest.approx(-STOP_S)


def test_what_is_verified_is_marked():
    """4 and 5 are predicted before they are measured."""
    steps = steps_of("next_replica")

    assert [step.is_predicted_first for step in steps] == [False, False, False, True, True]
    assert total_s(steps) == pytest.approx(sum(step.expected_s for step in steps) + STOP_S)


@pytest.mark.parametrize(
    ("seconds", "text"), [(45.4, "45 s"), (89, "89 s"), (380, "6 min"), (3600, "1 h 0 min"), (4810, "1 h 20 min")]
)
def test_a_duration_in_words(seconds, text):
    """As a person says it."""
    assert duration_text(seconds) == text
