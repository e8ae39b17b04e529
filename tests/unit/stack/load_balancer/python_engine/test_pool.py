"""Members, their books and who may be chosen."""

import asyncio

import pytest

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.python_engine.health import HealthRule
from scalelab.stack.load_balancer.python_engine.policies import RequestFacts, RoundRobin
from scalelab.stack.load_balancer.python_engine.pool import MemberPool

FACTS = RequestFacts("GET", "/", "127.0.0.1")


def _pool(*names, up=True):
    pool = MemberPool(RoundRobin(), HealthRule(fall=1, rise=1))
    for pooled in pool.add(Member(name=name, host="127.0.0.1", port=1) for name in names):
        pool.note_check(pooled, has_passed=up)
    return pool


def _states(pool):
    return {member.name: (member.state, member.in_flight) for member in pool.view().members}


def test_new_members_are_down_until_checked():
    """Nobody is chosen before a check has passed."""
    pool = MemberPool(RoundRobin(), HealthRule(fall=1, rise=1))

    pool.add([Member(name="a", host="127.0.0.1", port=1)])

    assert pool.choose(FACTS) is None
    assert _states(pool) == {"a": ("down", 0)}


def test_tried_down_and_leaving_members_are_not_chosen():
    """Only "d" is left, and then nobody."""
    pool = _pool("a", "b", "c", "d")
    a, b, c, d = pool.members
    pool.note_check(b, has_passed=False)
    pool.start_leaving(c)

    assert pool.choose(FACTS, [a]) is d
    assert pool.choose(FACTS, [a, d]) is None


async def test_another_policy_chooses_and_hears():
    """Members that were there before are balanced by it, and it is told of their answers."""

    class Last:
        heard = ""

        def choose(self, candidates, _request):
            return candidates[-1]

        def answered(self, name, _latency_s):
            self.heard = name

    pool, policy = _pool("a", "b"), Last()
    pool.use(policy)

    chosen = pool.choose(FACTS)
    with chosen.request_in_flight(asyncio.current_task()):
        pass

    assert chosen.member.name == "b"
    assert policy.heard == "b"


async def test_the_books_balance_whatever_happens():
    """A request that fails or is cancelled is no longer in flight."""
    pool = _pool("a")
    [pooled] = pool.members
    task = asyncio.current_task()

    for error in (ValueError(), asyncio.CancelledError()):
        with pytest.raises(type(error)), pooled.request_in_flight(task):  # noqa: PT012
            assert _states(pool) == {"a": ("up", 1)}
            assert not pooled.idle.is_set()
            raise error

    assert _states(pool) == {"a": ("up", 0)}
    assert pooled.idle.is_set()
    assert pooled.answered == 2


def test_changes_are_told():
    """Each change of who may be chosen, and no check that changes nothing."""
    told = []
    pool = MemberPool(RoundRobin(), HealthRule(fall=1, rise=1), lambda: told.append(pool.has_member_up()))
    [pooled] = pool.add([Member(name="a", host="127.0.0.1", port=1)])

    for has_passed in (False, True, True, False, True):
        pool.note_check(pooled, has_passed=has_passed)
    pool.start_leaving(pooled)
    pool.drop(pooled)

    assert told == [True, False, True, False, False]
