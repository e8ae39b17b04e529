from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError, DisturbanceError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.service_plan import StackPlan
from scalelab.deployment.setting_change import RESTART_GATEWAYS, change_setting, changed_topology
from scalelab.deployment.state_directory import StackDirectory

ADMIN = Endpoint("127.0.0.1", 1)


@pytest.fixture
def parts(tmp_path):
    plan = StackPlan(
        topology=Topology(), nonce="n", directory=StackDirectory("x", tmp_path), database_url="", microservice_url=""
    )
    return SimpleNamespace(plan=plan)


class Stack:
    """What is asked of it; `trouble` is what goes wrong."""

    def __init__(self, trouble=""):
        self.asked, self.trouble = [], trouble

    @contextmanager
    def disturb(self, fault):
        self.asked.append(fault)
        yield lambda: False
        if self.trouble:
            raise DisturbanceError(self.trouble)

    def ask_database(self, _admin, nonce, delay):
        self.asked.append((nonce, delay.mean_s))
        return self.trouble

    def change(self, parts, setting, value):
        change_setting(parts, setting, value, ADMIN, self.disturb, self.ask_database)


def test_a_gateways_setting_is_in_the_plan_before_they_start_anew(parts):
    """So that each that starts has it, and so do those that are added later."""
    stack = Stack()

    stack.change(parts, "api_gateway.upstream_slots", 8.0)

    assert stack.asked == [RESTART_GATEWAYS]
    assert parts.plan.topology.api_gateway.upstream_slots == 8


def test_the_database_takes_its_delay_as_it_runs(parts):
    """Nothing is started anew; all but the mean stays."""
    stack = Stack()

    stack.change(parts, "database.delay.mean_s", 0.05)

    assert stack.asked == [("n", 0.05)]
    assert parts.plan.topology.database.delay == Topology().database.delay.model_copy(update={"mean_s": 0.05})


@pytest.mark.parametrize("setting", ["database.delay.mean_s", "api_gateway.cache_ttl_s"])
def test_what_was_not_taken_is_not_in_the_plan(parts, setting):
    """An instance that starts later is like those that run."""
    with pytest.raises(DisturbanceError, match="no answer"):
        Stack("no answer").change(parts, setting, 5.0)

    assert parts.plan.topology == Topology()


def test_a_stack_without_a_database_has_no_delay(parts):
    """It is told, and nothing changes."""
    with pytest.raises(ConfigurationError, match="this stack has no database"):
        change_setting(parts, "database.delay.mean_s", 0.1, None, Stack().disturb)

    assert parts.plan.topology == Topology()


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("load_balancer.policy", 1.0, "cannot be changed while a stack runs"),
        ("api_gateway.upstream_slots", 2.5, "upstream_slots"),
        ("api_gateway.cache_ttl_s", -1.0, "cache_ttl_s"),
        ("database.delay.mean_s", float("nan"), "mean_s"),
    ],
)
def test_impossible_changes_are_refused(setting, value, reason):
    """Before anything is touched."""
    with pytest.raises(ConfigurationError, match=reason):
        changed_topology(Topology(), setting, value)
