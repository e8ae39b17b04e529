"""What counts as a death."""

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.lab.scenario_run import system_faults
from scalelab.lab.system import SystemGoneError


def a_view(**pids):
    account = Account(username="student", password="secret")
    services = tuple(
        ServiceView(name="api_gateway", instance=name, pid=pid, url="", admin_url="", state="ready")
        for name, pid in pids.items()
    )
    return StackView(
        name="s",
        ready=True,
        nonce="n",
        url="",
        login=account,
        load_accounts=(),
        services=services,
        topology=Topology(),
    )


class System:
    def __init__(self, view):
        self._view = view

    def view(self):
        if self._view is None:
            raise SystemGoneError("the stack has ended")
        return self._view


@pytest.mark.parametrize(
    ("after", "faults"),
    [
        (a_view(one=1, two=2), ()),
        (a_view(one=1, two=2, three=3), ()),
        (a_view(one=1, two=7), ("two (process 2) did not live through the load",)),
        (a_view(one=1), ("two (process 2) did not live through the load",)),
        (None, ("the stack has ended",)),
    ],
)
def test_who_ended_or_was_started_again_is_told(after, faults):
    """Another process id is another process."""
    assert system_faults(a_view(one=1, two=2), System(after)) == faults
