"""What a worker lets itself be asked for."""

import pytest

from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.workers.limits import WorkerLimits, peak_rate_per_s

LIMITS = WorkerLimits(most_rate_per_s=100, most_users=50, longest_s=20)


def plan(load, duration_s=10.0, drain_limit_s=5.0, processes=2):
    return LoadPlan(
        requests=(RequestTemplate(url="http://a/"),),
        load=load,
        duration_s=duration_s,
        drain_limit_s=drain_limit_s,
        processes=processes,
    )


@pytest.mark.parametrize(
    ("asked", "processes", "objection"),
    [
        (plan(OpenLoad(rate_per_s=200)), 1, ""),
        (plan(OpenLoad(rate_per_s=200)), 2, "200 requests/s are more than it allows: 100 (its --max-rate)"),
        (plan(ClosedLoad(users=100)), 1, ""),
        (plan(ClosedLoad(users=102)), 1, "51 users are more than it allows: 50 (its --max-users)"),
        (plan(OpenLoad(rate_per_s=1), duration_s=15), 1, ""),
        (plan(OpenLoad(rate_per_s=1), duration_s=16), 1, "21 s, its drain included, is longer than it allows: 20 s"),
    ],
)
def test_its_share_is_what_counts(asked, processes, objection):
    """Of rate or users; the time is the whole load's."""
    told = LIMITS.objection_to(asked, processes)

    assert objection in told
    assert bool(objection) == bool(told)


@pytest.mark.parametrize(
    ("load", "peak"),
    [
        (OpenLoad(rate_per_s=10), 10),
        (OpenLoad(rate_per_s=10, shape="ramp", rates_per_s=(90,)), 90),
        (OpenLoad(rate_per_s=80, shape="steps", rates_per_s=(20, 30)), 80),
        (OpenLoad(rate_per_s=10, shape="spike", rates_per_s=(70,), spike_start_s=1, spike_length_s=1), 70),
        (OpenLoad(shape="replay", offsets_s=(0.0, 1.5, 1.6, 2.4, 2.5, 9.0)), 3),
    ],
)
def test_the_peak_of_the_schedule_is_what_counts(load, peak):
    """Not its mean: a worker makes the spike, too."""
    assert peak_rate_per_s(load) == peak
