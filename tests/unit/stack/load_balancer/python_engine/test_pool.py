"""Members, their books and who may be chosen."""

from collections import Counter

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.health import HealthRule
from scalelab.stack.load_balancer.python_engine.care import Care
from scalelab.stack.load_balancer.python_engine.ejection import EjectionRule
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

        def answered(self, name, latency_s, *, has_failed):
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


class Clock:
    """Stands still until the test moves it."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def _cared_for(care, *names):
    """A pool over virtual time, all up, and its clock."""
    clock = Clock()
    pool = MemberPool(RoundRobin(), HealthRule(fall=1, rise=1), care=care, clock=clock)
    for pooled in pool.add([Member(name=name, host="127.0.0.1", port=1) for name in names], are_warm=True):
        pool.note_check(pooled, has_passed=True)
    return pool, clock


def _shares(pool, requests=100):
    return Counter(pool.choose(FACTS).name for _ in range(requests))


def test_a_newcomer_gets_ever_more():
    """B25: a tenth of a share at first, then half of it, then all; those that were there at the start have theirs."""
    pool, clock = _cared_for(Care(slow_start_s=10.0), "a")
    [newcomer] = pool.add([Member(name="b", host="127.0.0.1", port=2)])
    pool.note_check(newcomer, has_passed=True)

    shares = []
    for _ in range(3):
        shares.append(_shares(pool, 110)["b"])
        clock.now_s += 40 / 9 if len(shares) == 1 else 10.0

    assert shares == [10, 37, 55]


def test_who_comes_back_begins_slowly_too():
    """After a failed check as well as after an ejection."""
    pool, clock = _cared_for(Care(10.0, EjectionRule(failures=1, time_s=5.0)), "a", "b")
    a, b = pool.members
    pool.note_check(a, has_passed=False)
    pool.note_check(a, has_passed=True)
    a_at_once = a.weight
    clock.now_s += 20.0
    pool.note_answer(b, has_failed=True)
    clock.now_s += 5.0
    pool.choose(FACTS)

    assert (a_at_once, a.weight, b.weight) == (0.1, 1.0, 0.1)


def test_who_fails_is_left_alone_and_comes_back():
    """Its check says that it is well; it takes no traffic for its time, and its share afterwards."""
    pool, clock = _cared_for(Care(ejection=EjectionRule(failures=2, time_s=5.0)), "a", "b")
    a, _ = pool.members

    told = [pool.note_answer(a, has_failed=True) for _ in range(3)]
    pool.note_check(a, has_passed=True)
    meanwhile = _shares(pool, 10), _states(pool)["a"]
    clock.now_s += 5.0
    afterwards = _shares(pool, 10)

    assert told == [False, True, False]
    assert meanwhile == ({"b": 10}, ("down", 0))
    assert (afterwards, _states(pool)["a"], a.ejected) == ({"a": 5, "b": 5}, ("up", 0), 1)


def test_never_more_than_a_share_is_left_alone():
    """B21: all of three fail, and with two thirds the third stays; who is leaving counts for nothing."""
    pool, _ = _cared_for(Care(ejection=EjectionRule(failures=1, max_share=0.67)), "a", "b", "c")

    for pooled in pool.members:
        pool.note_answer(pooled, has_failed=True)

    assert _shares(pool, 10) == {"c": 10}


def test_when_too_few_are_left_all_are_used():
    """Those that ever were up, but for the leaving ones; and it ends when enough are back."""
    pool, _ = _cared_for(Care(panic_share=0.5), "a", "b", "c", "d")
    a, b, c, _ = pool.members
    pool.add([Member(name="never", host="127.0.0.1", port=2)])

    pool.note_check(a, has_passed=False)
    before = sorted(_shares(pool))
    pool.note_check(b, has_passed=False)
    during = sorted(_shares(pool)), pool.is_in_panic
    pool.start_leaving(c)
    without_the_leaving = sorted(_shares(pool))
    pool.note_check(b, has_passed=True)

    assert before == ["b", "c", "d"]
    assert during == (["a", "b", "c", "d"], True)
    assert without_the_leaving == ["a", "b", "d"]
    assert (sorted(_shares(pool)), pool.is_in_panic) == (["b", "d"], False)
