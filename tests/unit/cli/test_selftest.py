"""What `scalelab selftest` says while it goes on."""

import io

from rich.console import Console

from scalelab.cli.selftest import shown_cases
from scalelab.lab.selftest.cases import CASES
from scalelab.lab.selftest.running import QUICK_SCALE


def test_each_case_is_told_with_the_time_left():
    """Of this one and all that follow; line by line where there is no terminal."""
    told = io.StringIO()

    with shown_cases(Console(file=told, width=200), [9.0, 7.0, 4.0], lambda: 0.0) as begins:
        begins("fixed-delay")
        begins("freeze")

    first, second = told.getvalue().splitlines()
    assert first.startswith("[1/3] fixed-delay: a server that takes 50 ms")
    assert first.endswith("; about 20 s left")
    assert second.endswith("; about 11 s left")


def test_a_quick_look_takes_less():
    """Every case by itself."""
    assert all(0 < case.expected_s(QUICK_SCALE) < case.expected_s(1.0) for case in CASES.values())
    assert 120 < sum(case.expected_s(1.0) for case in CASES.values()) < 200
