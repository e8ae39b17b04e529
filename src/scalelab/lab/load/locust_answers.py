"""Tells what an answer is worth: as wanted, wrong, late, or a fault of this machine. Pure."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from scalelab.lab.correctness.proofs import WRONG_ANSWER, Defect
from scalelab.lab.results.recording import Outcome

GENERATOR_ERRNOS = frozenset(
    {errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE}
)
"""What a generator without ports, descriptors or memory gets: not the system's doing."""


@dataclass(frozen=True)
class Judgement:
    """`kind` says what went wrong, in few words; empty for a good answer."""

    outcome: Outcome
    kind: str = ""
    is_generator_fault: bool = False
    defect: Defect = ""
    """Of an answer with a good status."""


GOOD = Judgement("completed")


def judge_answer(status: int, wanted: HTTPStatus, defect: Callable[[], Defect]) -> Judgement:
    """A whole answer: good when it has the wanted status and nothing is wrong with it."""
    if status != wanted:
        return Judgement("failed", f"status {status}")
    found = defect()
    return Judgement("failed", WRONG_ANSWER + found, defect=found) if found else GOOD


def judge_error(error: BaseException) -> Judgement:
    """No whole answer. The HTTP client wraps what happened; only that tells a timeout from a refusal."""
    error = getattr(error, "original", None) or error
    number = getattr(error, "errno", None) or 0
    if number in GENERATOR_ERRNOS:
        return Judgement("failed", f"generator: {errno.errorcode[number]}", is_generator_fault=True)
    if isinstance(error, TimeoutError) or number == errno.ETIMEDOUT:
        return Judgement("timed_out", "no answer in time")
    if number in errno.errorcode:
        return Judgement("failed", errno.errorcode[number])
    return Judgement("failed", type(error).__name__)
