"""A bounded number of connections."""

import pytest

from scalelab.lab.load.connection import Connection
from scalelab.lab.load.pool import Pool
from scalelab.lab.load.targets import Origin

HERE, THERE = Origin("http", "here", 80), Origin("http", "there", 80)


@pytest.fixture
def pool():
    return Pool(2, lambda origin: Connection(origin, listener=None))


def test_never_more_than_the_bound(pool):
    """The third request finds none; one given back serves again, the one used last first."""
    first, second = pool.take(HERE), pool.take(HERE)
    third = pool.take(HERE)
    pool.give_back(first)
    pool.give_back(second)

    assert third is None
    assert pool.take(HERE) is second
    assert repr(pool) == "2 of 2 connections, 1 idle"


def test_a_dead_one_is_passed_over(pool):
    """It was lost while idle: a new one takes its place."""
    lost = pool.take(HERE)
    pool.give_back(lost)
    lost.abandon()
    pool.drop(lost)

    assert pool.take(HERE) is not lost
    assert len(pool.connections) == 1


def test_an_idle_one_of_another_origin_makes_room(pool):
    """The bound holds over all origins, and none of them can starve the others while one is idle."""
    for connection in (pool.take(HERE), pool.take(HERE)):
        pool.give_back(connection)

    connection = pool.take(THERE)

    assert connection.origin == THERE
    assert len(pool.connections) == 2
    assert pool.take(HERE).origin == HERE
    assert pool.take(THERE) is None
