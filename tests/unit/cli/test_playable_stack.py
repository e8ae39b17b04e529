from typing import get_args

import pytest

from scalelab.cli.playable_stack import PlayableStack
from scalelab.contracts.faults import Fault
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.stack import ContainerStack
from scalelab.deployment.errors import DisturbanceError, StackGoneError
from scalelab.deployment.state_directory import StackDirectory
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import ActKind

FREEZE = Fault(kind="freeze", target="api_gateway-1", at_s=0, duration_s=5)


class EndedStack:
    """A stack whose supervisor is gone."""

    def view(self):
        raise StackGoneError("the stack 'x' was stopped")

    def scale(self, service, replicas):
        raise StackGoneError(f"not {replicas} of {service}")

    def change(self, setting, value):
        raise DisturbanceError(f"{setting} = {value:g} was not taken")

    def change_policy(self, policy):
        raise DisturbanceError(f"not {policy}")

    def begin_fault(self, fault):
        raise DisturbanceError(f"not {fault.what}")

    def end_fault(self, target):
        raise DisturbanceError(f"nothing is in effect on {target}")


def test_deployment_errors_become_the_laboratorys():
    """With the same message."""
    system = PlayableStack(EndedStack())

    with pytest.raises(SystemGoneError, match="the stack 'x' was stopped"):
        system.view()
    with pytest.raises(SystemGoneError, match="not 2 of worker"):
        system.scale("worker", 2)
    with pytest.raises(SystemGoneError, match=r"database.delay.mean_s = 0.1 was not taken"):
        system.change("database.delay.mean_s", 0.1)
    with pytest.raises(SystemGoneError, match="not random"):
        system.change_policy("random")
    with pytest.raises(SystemGoneError, match="not freeze api_gateway-1 for 5 s"):
        system.begin_fault(FREEZE)
    with pytest.raises(SystemGoneError, match="nothing is in effect on api_gateway-1"):
        system.end_fault("api_gateway-1")


def test_what_is_not_offered_has_a_reason(tmp_path):
    """Everything for processes, no faults for containers, nothing at all while a run is measured."""
    containers = ContainerStack("compose", Topology(), StackDirectory("x", tmp_path))

    assert PlayableStack(EndedStack()).not_offered() == {}
    assert set(PlayableStack(containers).not_offered()) == {"kill", "freeze", "drain", "release", "change", "policy"}
    assert PlayableStack(EndedStack(), "measured").not_offered() == dict.fromkeys(get_args(ActKind), "measured")
