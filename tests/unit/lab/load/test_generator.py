"""A generator's share of the load."""

import pytest

from scalelab.lab.load.closed_loop import UserPacer
from scalelab.lab.load.generator import pacer_of, share_of
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate


@pytest.mark.parametrize(("whole", "parts"), [(200, 3), (5, 5), (7, 2)])
def test_connections_are_dealt_out_whole(whole, parts):
    """None is lost, none is made up."""
    shares = [share_of(whole, part, parts) for part in range(parts)]

    assert sum(shares) == whole
    assert max(shares) - min(shares) <= 1


def test_the_load_decides_what_paces_it():
    """Open: a schedule; closed: users."""
    fields = {"requests": (RequestTemplate(url="http://a/"),), "duration_s": 1}

    assert pacer_of(LoadPlan(load=OpenLoad(rate_per_s=10), **fields), 0).offered_until(1) == 10
    assert isinstance(pacer_of(LoadPlan(load=ClosedLoad(users=3), **fields), 0), UserPacer)
