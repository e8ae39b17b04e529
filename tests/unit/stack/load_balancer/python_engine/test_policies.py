"""Round robin over members that come and go."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.python_engine.policies import (
    POLICIES,
    ConsistentHash,
    LeastConnections,
    PeakEwma,
    RandomChoice,
    RoundRobin,
)


@dataclass
class Candidate:
    name: str
    in_flight: int
    weight: float = 1.0


@dataclass
class Asked:
    key: str = ""
    user: str = ""


FACTS = Asked()


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


class Clock:
    """Stands still until the test moves it."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_member_that_gets_slow_is_avoided_after_one_answer():
    """0.4 s beside 0.1 s: the quick one is given up to three requests before the slow one gets its first."""
    policy = PeakEwma(Clock())
    policy.answered("a", 0.4, has_failed=False)
    policy.answered("b", 0.1, has_failed=False)

    chosen = [
        policy.choose([Candidate("a", 0), Candidate("b", in_flight)], FACTS).name for in_flight in (0, 1, 2, 3, 4)
    ]

    assert chosen == ["b", "b", "b", "a", "a"]


def test_a_slow_one_is_tried_again_in_the_end():
    """What was bad long ago counts ever less: after half a minute without news it is no worse than the busy one."""
    clock = Clock()
    policy = PeakEwma(clock)
    policy.answered("a", 0.4, has_failed=False)
    clock.now_s += 30.0
    policy.answered("b", 0.1, has_failed=False)

    assert policy.choose(_candidates("ab"), FACTS).name == "a"


def test_a_good_answer_does_not_make_up_for_a_peak_at_once():
    """The average forgets over ten seconds; one quick answer right after the peak hardly counts."""
    clock = Clock()
    policy = PeakEwma(clock)
    policy.answered("a", 1.0, has_failed=False)
    clock.now_s += 0.1
    policy.answered("a", 0.01, has_failed=False)
    policy.answered("b", 0.5, has_failed=False)

    assert policy.choose(_candidates("ab"), FACTS).name == "b"


def test_a_quick_failure_attracts_nobody():
    """Refused at once is as good as answered after a second; a later failure counts as any peak."""
    policy = PeakEwma(Clock())
    policy.answered("a", 0.0001, has_failed=True)
    policy.answered("b", 0.4, has_failed=False)
    first = policy.choose(_candidates("ab"), FACTS).name
    policy.answered("b", 9.0, has_failed=True)

    assert (first, policy.choose(_candidates("ab"), FACTS).name) == ("b", "a")


def test_who_is_not_known_yet_is_tried():
    """A newcomer has no latency, and gets a request before those that have."""
    policy = PeakEwma(Clock())
    policy.answered("a", 0.05, has_failed=False)

    assert policy.choose(_candidates("ab"), FACTS).name == "b"


@given(st.sets(st.text("abcdef", min_size=1, max_size=3), min_size=2, max_size=8), st.text(min_size=1, max_size=8))
def test_a_value_moves_only_when_its_member_goes(names, key):
    """Whoever else leaves: the same member; and the same again when it is back."""
    policy, facts = ConsistentHash(lambda request: request.key), Asked(key)

    chosen = policy.choose(_candidates(names), facts).name
    without_another = policy.choose(_candidates(names - {min(names - {chosen})}), facts).name

    assert without_another == chosen
    assert policy.choose(_candidates(names - {chosen}), facts).name != chosen
    assert policy.choose(_candidates(names), facts).name == chosen


def test_values_are_spread():
    """3,000 keys over three members: about a thousand each."""
    policy = ConsistentHash(lambda request: request.key)

    chosen = Counter(policy.choose(_candidates("abc"), Asked(str(key))).name for key in range(3000))

    assert all(900 < chosen[name] < 1100 for name in "abc")


def test_what_has_no_value_is_balanced_in_turn():
    """Requests without a key do not all go to one member."""
    policy = ConsistentHash(lambda request: request.key)

    assert [policy.choose(_candidates("ab"), FACTS).name for _ in range(3)] == ["a", "b", "a"]


def test_one_member_is_enough_for_all_policies():
    """Also for those that draw two."""
    assert all(make().choose([Candidate("a", 1)], FACTS).name == "a" for make in POLICIES.values())


def test_the_table_has_every_policy_of_the_settings():
    """A policy that the settings allow can be made."""
    assert set(POLICIES) == set(get_args(BalancingPolicy))


def _by_weight(policy, requests=600, **weights):
    """How often each of these idle members is chosen; each request has a key and user of its own."""
    candidates = [Candidate(name, 0, weight) for name, weight in sorted(weights.items())]
    return Counter(policy.choose(candidates, Asked(str(number), str(number))).name for number in range(requests))


def test_shares_in_turn_are_exact_and_spread():
    """3 : 2 : 1, and the heavy one is not asked three times in a row."""
    candidates = [Candidate("a", 0, 3.0), Candidate("b", 0, 2.0), Candidate("c", 0, 1.0)]
    policy = RoundRobin()

    chosen = "".join(policy.choose(candidates, FACTS).name for _ in range(12))

    assert chosen == "abacba" * 2


def test_every_policy_heeds_weights():
    """Three to one: about so many of 600, whoever draws; by load the heavy one, while both are idle."""
    ewma = PeakEwma(Clock())
    for name in "ab":
        ewma.answered(name, 0.1, has_failed=False)
    policies = [RoundRobin(), RandomChoice(1, Random(1)), RandomChoice(2, Random(1)), POLICIES["hash_key"]()]

    shares = [_by_weight(policy, a=3.0, b=1.0)["a"] for policy in policies]

    assert shares[0] == 450
    assert all(400 < share < 500 for share in [*shares[:2], shares[3]])
    assert _by_weight(ewma, a=3.0, b=1.0) == _by_weight(LeastConnections(), a=3.0, b=1.0) == {"a": 600}


def test_the_idlest_for_its_weight():
    """A newcomer that counts a tenth is not given all, though it has nothing to do."""
    candidates = [Candidate("a", 8, 1.0), Candidate("new", 0, 0.1)]

    first = LeastConnections().choose(candidates, FACTS).name
    candidates[0].in_flight = 10

    assert (first, LeastConnections().choose(candidates, FACTS).name) == ("a", "new")


@given(st.integers(1, 5), st.text(min_size=1, max_size=8))
def test_more_weight_takes_values_only_from_others(weight, key):
    """Nobody else's values move to anyone but the one that has become heavier."""
    policy, facts = ConsistentHash(lambda request: request.key), Asked(key)
    before = policy.choose(_candidates("abc"), facts).name
    after = policy.choose([Candidate("a", 0, float(weight)), *_candidates("bc")], facts).name

    assert after in {before, "a"}
