"""How an attempt at a member ended, and whether another one is made. Pure."""

from enum import Enum, auto

from scalelab.stack.load_balancer.base import IDEMPOTENT_METHODS

REPEATED_METHODS = frozenset(method.encode() for method in IDEMPOTENT_METHODS)
"""As they stand in a request."""
_MOST_CONNECTS = 4
"""Members tried for one request when they refuse the connection."""


class Outcome(Enum):
    """Of one attempt, or of the request."""

    NOT_REACHED = auto()
    """No connection, so nothing was sent."""
    NO_ANSWER = auto()
    """Sent, perhaps in part, and no byte of an answer came."""
    BAD_ANSWER = auto()
    """Its head, or the end of it, cannot be told for sure, or it broke off within its head."""
    BROKEN_OFF = auto()
    """The member is leaving, and its time is over."""
    TIMED_OUT = auto()
    """No answer in time."""
    CLIENT_TOO_SLOW = auto()
    """The rest of the body did not come."""
    BAD_REQUEST = auto()
    """The end of the body cannot be told."""
    NOBODY_UP = auto()
    """There was nobody to ask."""
    NOBODY_ELSE = auto()
    """Another attempt was due, and there was nobody else to ask."""


FAULTS_OF_THE_MEMBER = frozenset((Outcome.NOT_REACHED, Outcome.NO_ANSWER, Outcome.BAD_ANSWER, Outcome.TIMED_OUT))


def may_try_again(outcome: Outcome, method: bytes, *, is_body_whole: bool, replays: int, connects: int) -> bool:
    """Whether another attempt, at another member, is safe and worth it.

    Without a connection nothing was sent: safe for every method. A request that was sent is replayed once, and
    only if doing it twice is doing it once.

    Args:
        outcome: of the last attempt.
        method: of the request.
        is_body_whole: whether what was sent of the body can be sent again.
        replays: how often it was sent again already.
        connects: members that were tried.
    """
    if not is_body_whole:
        return False
    if outcome is Outcome.NOT_REACHED:
        return connects < _MOST_CONNECTS
    return outcome is Outcome.NO_ANSWER and method in REPEATED_METHODS and replays == 0
