"""What an answer, or an error, is worth."""

import errno

import pytest

from scalelab.lab.load.locust_answers import GOOD, judge_answer, judge_error


@pytest.mark.parametrize(
    ("status", "wanted", "defect", "kind"),
    [
        (200, 200, "", ""),
        (202, 202, "", ""),
        (200, 202, "", "status 200"),
        (200, 200, "torn", "wrong answer: torn"),
        (503, 200, "torn", "status 503"),
    ],
)
def test_only_a_right_answer_with_the_wanted_status_is_good(status, wanted, defect, kind):
    """Everything else is a failure with a name; a body is looked at only under the wanted status."""
    judgement = judge_answer(status, wanted, lambda: defect)

    assert judgement.kind == kind
    assert (judgement == GOOD) == (kind == "")
    assert judgement.defect == (defect if kind.startswith("wrong") else "")


class Wrapped(Exception):  # noqa: N818  in the shape of the HTTP client's own
    def __init__(self, original):
        super().__init__("retries exceeded")
        self.original = original


@pytest.mark.parametrize(
    ("error", "outcome", "kind", "is_generator_fault"),
    [
        (TimeoutError("timed out"), "timed_out", "no answer in time", False),
        (Wrapped(TimeoutError("timed out")), "timed_out", "no answer in time", False),
        (Wrapped(OSError(errno.ECONNREFUSED, "refused")), "failed", "ECONNREFUSED", False),
        (OSError(errno.ECONNRESET, "reset"), "failed", "ECONNRESET", False),
        (OSError(errno.EMFILE, "too many"), "failed", "generator: EMFILE", True),
        (Wrapped(OSError(errno.EADDRNOTAVAIL, "no port")), "failed", "generator: EADDRNOTAVAIL", True),
        (ValueError("odd"), "failed", "ValueError", False),
    ],
)
def test_errors_are_told_apart(error, outcome, kind, is_generator_fault):
    """A timeout, the system's refusal, and this machine's own lack are three things."""
    judgement = judge_error(error)

    assert (judgement.outcome, judgement.kind) == (outcome, kind)
    assert judgement.is_generator_fault == is_generator_fault
