"""Members, their books and who may be chosen."""

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.python_engine.health import HealthRule
from scalelab.stack.load_balancer.python_engine.policies import RoundRobin
from scalelab.stack.load_balancer.python_engine.pool import MemberPool


class Asked:
    key = user = ""


FACTS = Asked()


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


def test_another_policy_chooses():
    """Members that were there before are balanced by it."""

    class Last:
        def choose(self, candidates, _request):
            return candidates[-1]

        def answered(self, name, latency_s):
            pass

    pool = _pool("a", "b")

    pool.use(Last())

    assert pool.choose(FACTS).name == "b"


def test_the_books_of_a_member():
    """What is in its hands, what it was asked in all, and when it is idle."""
    pool = _pool("a")
    [pooled] = pool.members

    pooled.begin("one")
    pooled.begin("two")
    pooled.finish("one")
    during = _states(pool), pooled.idle.is_set(), set(pooled.requests)
    pooled.finish("two")

    assert during == ({"a": ("up", 1)}, False, {"two"})
    assert _states(pool) == {"a": ("up", 0)}
    assert (pooled.idle.is_set(), pooled.answered) == (True, 2)


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
