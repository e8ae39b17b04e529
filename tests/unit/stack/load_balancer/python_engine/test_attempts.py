"""Whether another attempt is made: the decision alone."""

import pytest

from scalelab.stack.load_balancer.python_engine.attempts import Outcome, may_try_again


def _may(outcome, method=b"GET", *, is_body_whole=True, replays=0, connects=1):
    return may_try_again(outcome, method, is_body_whole=is_body_whole, replays=replays, connects=connects)


@pytest.mark.parametrize("method", [b"GET", b"POST", b"PATCH", b"BREW"])
def test_a_refused_connection_is_tried_elsewhere_for_every_method(method):
    """Nothing was sent; but not for ever."""
    assert _may(Outcome.NOT_REACHED, method)
    assert not _may(Outcome.NOT_REACHED, method, connects=4)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (b"GET", True),
        (b"HEAD", True),
        (b"PUT", True),
        (b"DELETE", True),
        (b"POST", False),
        (b"PATCH", False),
        (b"BREW", False),
    ],
)
def test_only_idempotent_requests_are_replayed(method, expected):
    """Once, and never when something of the body is gone."""
    assert _may(Outcome.NO_ANSWER, method) is expected
    assert not _may(Outcome.NO_ANSWER, method, replays=1)
    assert not _may(Outcome.NO_ANSWER, method, is_body_whole=False)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one.name not in {"NOT_REACHED", "NO_ANSWER"}])
def test_nothing_else_is_tried_again(outcome):
    """A slow gateway gets no help from a second copy of its work, and half an answer is an answer."""
    assert not _may(outcome)
