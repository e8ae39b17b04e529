"""Argon2 off the event loop, with a bound, and the same work for who does not exist."""

import threading

import pytest
from argon2 import extract_parameters

from scalelab.stack.api_gateway.passwords import PasswordChecks


@pytest.fixture
def checks():
    checks = PasswordChecks()
    yield checks
    checks.close()


async def test_only_the_right_password_is_right(checks, cheap_hasher):
    """Neither another nor an empty one, nor any for who does not exist or has no proper hash."""
    password_hash = cheap_hasher.hash("right")

    assert await checks.is_right("right", password_hash) is True
    assert await checks.is_right("wrong", password_hash) is False
    assert await checks.is_right("", password_hash) is False
    assert await checks.is_right("right", None) is False
    assert await checks.is_right("right", "no hash") is False


async def test_an_unknown_user_costs_what_a_known_one_costs(checks, cheap_hasher):
    """The decoy takes on the parameters of the last real hash."""
    password_hash = cheap_hasher.hash("right")
    await checks.is_right("right", password_hash)

    await checks.is_right("any", None)

    assert extract_parameters(checks._decoy) == extract_parameters(password_hash)


async def test_the_event_loop_does_not_hash(cheap_hasher):
    """Another thread does."""
    threads = []

    class Watched(PasswordChecks):
        def _check(self, password, password_hash):
            threads.append(threading.current_thread())
            return super()._check(password, password_hash)

    checks = Watched()
    await checks.is_right("right", cheap_hasher.hash("right"))
    checks.close()

    assert threads[0] is not threading.main_thread()


async def test_more_than_fit_are_told_to_come_back(cheap_hasher):
    """No room at all: neither right nor wrong."""
    checks = PasswordChecks(max_waiting=0)

    assert await checks.is_right("right", cheap_hasher.hash("right")) is None
    checks.close()
