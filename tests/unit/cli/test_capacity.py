"""The verb: what is refused, and what its exit code says."""

import pytest

from scalelab.cli.capacity import exit_code_of, trial_line
from scalelab.cli.main import run_command
from scalelab.lab.capacity.running import CapacityAnswer
from scalelab.lab.capacity.search import Estimate, Trial

URL = "http://127.0.0.1:9/"
FOUND = Estimate(64.0, 63.0, 65.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to ask: a URL"),
        ([URL, "--on-running", "lab"], "say what to ask"),
        ([URL, "--slo", "p99 > 1 s"], "--slo 'p99 > 1 s' is no upper bound"),
        ([URL, "--start", "0"], "--start 0 must be above 0"),
        ([URL, "--most", "5"], "--most 5 must be at least --start 10"),
        ([URL, "--precision", "0.1"], "--precision 0.1 must be from 0.5 to 50"),
        ([URL, "--trial", "0.2"], "--trial 0.2 must be at least 1 s"),
        ([URL, "--budget", "soon"], "--budget soon: write a duration"),
        ([URL, "--budget", "60s"], "--budget 60s is too short: at --start 10 requests/s the first trial takes"),
        (["--on-running", "lab", "--cache", "cold"], "--cache 'cold' is neither"),
        (["--on-running", "no-such-stack"], "no stack named 'no-such-stack' is running"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, monkeypatch, short_home, arguments, words):
    """Nothing is sent."""
    monkeypatch.setenv("SCALELAB_HOME", str(short_home))

    code = run_command(["capacity", *arguments])

    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert code in {1, 2}


@pytest.mark.parametrize(
    ("ended", "estimate", "at_least", "code"),
    [
        ("precise", FOUND, None, 0),
        ("budget", FOUND, None, 3),
        ("generator", FOUND, None, 3),
        ("at-most", None, None, 3),
        ("interrupted", FOUND, None, 130),
        ("precise", FOUND, 60.0, 0),
        ("precise", FOUND, 64.5, 3),
        ("precise", FOUND, 66.0, 4),
        ("at-least", Estimate(90.0, 90.0, 90.0), 80.0, 0),
        ("at-most", None, 1.0, 4),
        ("generator", Estimate(40.0, 40.0, 40.0), 60.0, 3),
    ],
)
def test_the_exit_code_says_how_sure_it_is(ended, estimate, at_least, code):
    """4 only when the capacity is surely lower than what was demanded."""
    assert exit_code_of(CapacityAnswer(ended, estimate, (), 1.0), at_least) == code


def test_each_trial_tells_what_is_left_of_the_budget():
    """As the longest that it can take; the search may end sooner."""
    trial = Trial(1280.0, "meets", "p99 12 ms")

    assert trial_line(trial, 300.0) == "   1,280.0/s  meets it: p99 12 ms; at most 5 min left"
    assert trial_line(trial, -1.0) == "   1,280.0/s  meets it: p99 12 ms"
