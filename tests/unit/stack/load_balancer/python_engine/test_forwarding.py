"""Whether another attempt is made: the decision alone."""

import pytest

from scalelab.stack.load_balancer.python_engine.attempt import Outcome
from scalelab.stack.load_balancer.python_engine.forwarding import may_try_again


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
