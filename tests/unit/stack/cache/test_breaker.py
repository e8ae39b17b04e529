"""When a server is left alone, and when it is tried again."""

import pytest

from scalelab.stack.cache.breaker import Breaker


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened():
    return []


@pytest.fixture
def breaker(clock, opened):
    return Breaker(clock, on_open=lambda: opened.append(clock.now_s), faults_to_open=3, rest_s=1.0)


def fail(breaker, times=1):
    for _ in range(times):
        breaker.failed()


def test_a_few_faults_change_nothing(breaker, opened):
    """And a success forgets them."""
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)

    assert breaker.may_call()
    assert opened == []


def test_after_some_faults_in_a_row_nobody_asks(breaker, opened, clock):
    """Until the rest is over."""
    fail(breaker, 3)
    clock.now_s += 0.9

    assert not breaker.may_call()
    assert opened == [100.0]


def test_one_call_tries_and_its_outcome_decides(breaker, clock):
    """The others keep away meanwhile; a fault means another rest, a success the end of it."""
    fail(breaker, 3)
    clock.now_s += 1.0
    tries = [breaker.may_call() for _ in range(3)]
    fail(breaker)
    clock.now_s += 0.5
    still = breaker.may_call()
    clock.now_s += 0.5
    tried_again = breaker.may_call()
    breaker.succeeded()

    assert (tries, still, tried_again) == ([True, False, False], False, True)
    assert [breaker.may_call() for _ in range(3)] == [True] * 3
    assert repr(breaker) == "<breaker: closed after 0 faults>"
