from types import SimpleNamespace

import pytest

from scalelab.contracts.topology import LoadBalancer, Topology
from scalelab.deployment.errors import ConfigurationError, DisturbanceError
from scalelab.deployment.policy_change import balanced_topology, change_policy
from scalelab.deployment.service_plan import StackPlan
from scalelab.deployment.state_directory import StackDirectory


@pytest.fixture
def parts(tmp_path):
    plan = StackPlan(
        topology=Topology(), nonce="n", directory=StackDirectory("x", tmp_path), database_url="", microservice_url=""
    )
    return SimpleNamespace(plan=plan, traffic=SimpleNamespace(members_socket=tmp_path / "members.sock"))


def test_the_balancer_is_told_and_the_plan_says_so(parts, tmp_path):
    """So that a balancer that is started again has it."""
    told = []

    change_policy(parts, "hash_key", lambda *said: told.append(said) or "")

    [(socket, choice, nonce)] = told
    assert (socket, choice.policy, nonce) == (tmp_path / "members.sock", "hash_key", "n")
    assert parts.plan.topology.load_balancer.policy == "hash_key"


def test_what_the_balancer_did_not_take_is_not_in_the_plan(parts):
    """The error has its reason."""
    with pytest.raises(DisturbanceError, match="did not take policy = 'random': it did not start"):
        change_policy(parts, "random", lambda *_said: "it did not start")

    assert parts.plan.topology == Topology()


@pytest.mark.parametrize(
    ("engine", "policy", "reason"),
    [
        ("haproxy", "peak_ewma", "'peak_ewma' is not offered by engine = 'haproxy': use engine = 'python'"),
        ("haproxy", "best", "there is no policy 'best'; this balancer has round_robin, .*, hash_user$"),
        ("python", "", "there is no policy ''; this balancer has .*peak_ewma"),
    ],
)
def test_impossible_policies_are_refused(engine, policy, reason):
    """In one line, before anything is touched."""
    with pytest.raises(ConfigurationError, match=reason) as refused:
        balanced_topology(Topology(load_balancer=LoadBalancer(engine=engine)), policy)

    assert "\n" not in str(refused.value)
