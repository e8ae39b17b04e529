"""What an answer, or an error, is worth."""

import errno

import pytest

from scalelab.lab.load.locust_answers import GOOD, judge_answer, judge_error


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"key": 7, "value": "x"}', ""),
        (200, b'{"key": 8}', "another key"),
        (200, b"[7]", "another key"),
        (200, b"<html>", "no JSON"),
        (200, None, "no JSON"),
        (503, b'{"key": 7}', "status 503"),
        (404, b"", "status 404"),
    ],
)
def test_only_a_200_about_the_key_is_good(status, body, kind):
    """Everything else is a failure with a name."""
    judgement = judge_answer(status, body, 7)

    assert judgement.kind == kind
    assert (judgement == GOOD) == (kind == "")


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
