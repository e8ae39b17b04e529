"""Round robin over members that come and go."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.policies import POLICIES, Candidate, RequestFacts, RoundRobin

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


def test_the_table_has_every_policy_of_the_settings():
    """A policy that the settings allow can be made."""
    assert isinstance(POLICIES["round_robin"](), RoundRobin)
