"""Expected, measured, verdict."""

import pytest

from scalelab.lab.selftest.lines import CaseOutcome, Line, between, doubted, equal, near, said, worst


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "cannot tell"], "cannot tell"),
        (["cannot tell", "fail", "pass"], "fail"),
        ([], "cannot tell"),
    ],
)
def test_the_worst_line_decides(verdicts, verdict):
    """And a case in which nothing was measured has not passed."""
    assert worst(verdicts) == verdict
    lines = tuple(Line("what", "1", "1", each) for each in verdicts)
    assert CaseOutcome("name", "proves", 1.0, lines).as_json()["verdict"] == verdict


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (equal("n", 3, 3), "pass"),
        (equal("n", 3, 4), "fail"),
        (near("x", 1.0, 1.02, within=0.03), "pass"),
        (near("x", 1.0, 0.96, within=0.03), "fail"),
        (near("x", 1.0, None, within=0.03), "fail"),
        (between("t", 50, 70, 50.0), "pass"),
        (between("t", 50, 70, 49.9), "fail"),
        (between("t", 50, 70, None), "fail"),
        (said("v", "censored", ["valid", "censored"]), "pass"),
        (said("v", "censored", []), "fail"),
    ],
)
def test_each_kind_of_line_can_fail(line, verdict):
    """A figure that is missing never passes."""
    assert line.verdict == verdict


def test_a_busy_machine_turns_failures_into_doubts():
    """What has passed has passed all the same."""
    lines = (equal("a", 1, 1), equal("b", 1, 2))

    assert [line.verdict for line in doubted(lines)] == ["pass", "cannot tell"]
