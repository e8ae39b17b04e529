"""Round robin over members that come and go."""

from collections import Counter
from random import Random
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.python_engine.policies import (
    POLICIES,
    Candidate,
    LeastConnections,
    RandomChoice,
    RequestFacts,
    RoundRobin,
)

FACTS = RequestFacts("GET", "/", "127.0.0.1")


def _candidates(names):
    return [Candidate(name, 0) for name in sorted(names)]


@given(st.sets(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=8), st.integers(1, 5))
def test_everyone_gets_the_same_share(names, rounds):
    """Whatever the names: after whole rounds, all have been chosen equally often."""
    policy = RoundRobin()

    chosen = Counter(policy.choose(_candidates(names), FACTS).name for _ in range(rounds * len(names)))

    assert chosen == dict.fromkeys(names, rounds)


def test_a_newcomer_waits_for_its_turn_only():
    """Nobody is served twice or skipped when a member joins or leaves in the middle of a round."""
    policy = RoundRobin()
    memberships = [{"a", "c"}, {"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}, {"b", "c"}, {"b"}]

    chosen = [policy.choose(_candidates(names), FACTS).name for names in memberships]

    assert chosen == ["a", "b", "c", "a", "b", "b"]


def test_the_idlest_is_chosen_and_equals_take_turns():
    """Requests in flight decide; with none in flight it is round robin."""
    policy = LeastConnections()

    busy = [policy.choose([Candidate("a", 3), Candidate("b", 1), Candidate("c", 2)], FACTS).name for _ in range(2)]
    idle = [policy.choose(_candidates("abc"), FACTS).name for _ in range(4)]

    assert busy == ["b", "b"]
    assert idle == ["c", "a", "b", "c"]


def test_random_is_even_in_the_long_run():
    """Every member about a third of 3,000 requests, however busy it is."""
    policy = RandomChoice(1, Random(1))
    candidates = [Candidate("a", 9), Candidate("b", 0), Candidate("c", 0)]

    chosen = Counter(policy.choose(candidates, FACTS).name for _ in range(3000))

    assert all(900 < chosen[name] < 1100 for name in "abc")


def test_the_busier_of_two_is_not_taken():
    """The busiest of three loses every draw; the idlest wins each that it is in, two of three."""
    policy = RandomChoice(2, Random(1))
    candidates = [Candidate("a", 9), Candidate("b", 0), Candidate("c", 5)]

    chosen = Counter(policy.choose(candidates, FACTS).name for _ in range(3000))

    assert chosen["a"] == 0
    assert 1900 < chosen["b"] < 2100


def test_one_member_is_enough_for_all_policies():
    """Also for those that draw two."""
    assert all(make().choose([Candidate("a", 1)], FACTS).name == "a" for make in POLICIES.values())


def test_the_table_has_every_policy_of_the_settings():
    """A policy that the settings allow can be made."""
    assert set(POLICIES) == set(get_args(BalancingPolicy))
