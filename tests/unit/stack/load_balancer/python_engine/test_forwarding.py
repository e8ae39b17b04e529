"""Whether another attempt is made: the decision alone."""

import pytest

from scalelab.stack.load_balancer.python_engine.attempt import Outcome
from scalelab.stack.load_balancer.python_engine.forwarding import facts_of, may_try_again


def _may(outcome, method="GET", *, is_body_touched=False, replays=0, connects=1):
    return may_try_again(outcome, method, is_body_touched=is_body_touched, replays=replays, connects=connects)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "BREW"])
def test_a_refused_connection_is_tried_elsewhere_for_every_method(method):
    """Nothing was sent; but not for ever."""
    assert _may(Outcome.NOT_REACHED, method)
    assert not _may(Outcome.NOT_REACHED, method, connects=4)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("GET", True),
        ("HEAD", True),
        ("PUT", True),
        ("DELETE", True),
        ("POST", False),
        ("PATCH", False),
        ("BREW", False),
    ],
)
def test_only_idempotent_requests_are_replayed(method, expected):
    """Once, and never when something of the body is gone."""
    assert _may(Outcome.NO_ANSWER, method) is expected
    assert not _may(Outcome.NO_ANSWER, method, replays=1)
    assert not _may(Outcome.NO_ANSWER, method, is_body_touched=True)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.TIMED_OUT, Outcome.BROKEN_OFF, Outcome.UNSENDABLE])
def test_nothing_else_is_tried_again(outcome):
    """A slow gateway gets no help from a second copy of its work."""
    assert not _may(outcome)


@pytest.mark.parametrize(
    ("query", "headers", "key", "user"),
    [
        (b"", [], "", ""),
        (b"key=7&x=1", [(b"authorization", b"Bearer a.b.c")], "7", "Bearer a.b.c"),
        (b"key=a%20b&key=2", [(b"authorization", b"1"), (b"authorization", b"2")], "a b", "1"),
        (b"key=\xff&&&=", [(b"Authorization", b"\xe4")], "\xff", ""),
    ],
)
def test_what_a_policy_may_know_of_a_request(query, headers, key, user):
    """Anything may stand there; the first one counts, and nothing is believed of it."""
    scope = {"method": "GET", "path": "/data", "client": ("127.0.0.1", 1), "query_string": query, "headers": headers}

    facts = facts_of(scope)

    assert (facts.method, facts.path, facts.client) == ("GET", "/data", "127.0.0.1")
    assert (facts.key, facts.user) == (key, user)
