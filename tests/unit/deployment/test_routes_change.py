"""Routes for all gateways or for none: what is asked of whom, and when it is given up."""

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.deployment.errors import RoutesError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.routes_change import await_taken, change_at_all, demand_takeable

GATEWAYS = {f"api_gateway-{number}": Endpoint("127.0.0.1", number) for number in (1, 2)}


class Gateways:
    """Each answers by its script, then with success."""

    def __init__(self, **reasons):
        self.reasons = {int(port.removeprefix("at_")): list(told) for port, told in reasons.items()}
        self.put = []

    def __call__(self, admin, nonce, change):
        self.put.append((admin.port, nonce, change.is_trial))
        script = self.reasons.get(admin.port, [])
        return script.pop(0) if script else ""


def test_a_change_is_remembered_for_gateways_that_start_meanwhile():
    """After the trial, before anybody is told."""
    gateways, remembered = Gateways(), []
    before, wanted = RouteTable(), RouteTable(upstreams={"a": {"url": "http://a:1"}})

    def remember(table):
        remembered.append((table, len(gateways.put)))

    change_at_all(GATEWAYS, "n", before, wanted, remember, gateways)

    assert remembered == [(wanted, 2)]
    assert [is_trial for _, _, is_trial in gateways.put] == [True, True, False, False]


def test_what_one_could_not_take_is_not_remembered():
    """Nothing was changed, so there is nothing to take back."""
    remembered = []

    with pytest.raises(RoutesError):
        change_at_all(GATEWAYS, "n", RouteTable(), RouteTable(), remembered.append, Gateways(at_1=["no"]))

    assert remembered == []


def test_those_of_before_are_given_back():
    """To all, and for gateways that start from then on."""
    before, wanted = RouteTable(), RouteTable(upstreams={"a": {"url": "http://a:1"}})
    given, remembered = [], []

    def give(_gateways, _nonce, table, _put):
        given.append(table)
        if table == wanted:
            raise RoutesError("api_gateway-2 hangs")

    with pytest.raises(RoutesError, match="api_gateway-2 hangs"):
        change_at_all(GATEWAYS, "n", before, wanted, remembered.append, Gateways(), give)

    assert given == remembered == [wanted, before]


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


def test_all_are_asked_before_any_is_told():
    """A trial each."""
    gateways = Gateways()

    demand_takeable(GATEWAYS, "n", RouteTable(), gateways)

    assert gateways.put == [(1, "n", True), (2, "n", True)]


def test_one_that_could_not_take_them_stops_the_change():
    """Its name and its reason."""
    with pytest.raises(RoutesError, match=r"as they were.*\(api_gateway-2: no answer\)"):
        demand_takeable(GATEWAYS, "n", RouteTable(), Gateways(at_2=["no answer"]))


def test_one_that_is_late_is_told_again():
    """And the others are not."""
    gateways, clock = Gateways(at_2=["no answer", "no answer"]), Clock()

    await_taken(GATEWAYS, "n", RouteTable(), gateways, clock_s=clock, sleep=clock.sleep)

    assert [port for port, _, _ in gateways.put] == [1, 2, 2, 2]


def test_one_that_never_takes_them_ends_the_wait():
    """With its reason, so that those of before can be given back."""
    clock = Clock()

    with pytest.raises(RoutesError, match="api_gateway-1: no answer"):
        await_taken(
            GATEWAYS,
            "n",
            RouteTable(),
            Gateways(at_1=["no answer"] * 999),
            limit_s=1,
            clock_s=clock,
            sleep=clock.sleep,
        )
