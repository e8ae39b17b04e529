"""One load at a time."""

import pytest

from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.workers.limits import WorkerLimits
from scalelab.lab.load.workers.messages import Assignment
from scalelab.lab.load.workers.occupancy import Occupancy

PLAN = LoadPlan(
    requests=(RequestTemplate(url="http://a/"),), load=OpenLoad(rate_per_s=300), duration_s=1, processes=3
)


def assignment(load_id, part):
    return Assignment(load_id=load_id, plan=PLAN, part=part)


@pytest.fixture
def occupancy():
    return Occupancy(WorkerLimits(most_rate_per_s=200))


def test_processes_of_one_load_share_the_machine_and_its_limits(occupancy):
    """Two of three make 200 requests/s; a third would make 300."""
    with occupancy.held(assignment("one", 0)):
        assert occupancy.objection_to(assignment("one", 1)) == ""
        with occupancy.held(assignment("one", 1)):
            assert "300 requests/s are more" in occupancy.objection_to(assignment("one", 2))


def test_another_load_waits_for_its_end(occupancy):
    """Two would disturb each other."""
    with occupancy.held(assignment("one", 0)):
        assert "at work for another load" in occupancy.objection_to(assignment("two", 0))

    assert occupancy.objection_to(assignment("two", 0)) == ""


@pytest.mark.parametrize("part", [0, 3, -1])
def test_a_process_is_started_once(occupancy, part):
    """And only if there is such a one."""
    with occupancy.held(assignment("one", 0)):
        assert f"no process {part} of 3" in occupancy.objection_to(assignment("one", part))
