"""Exit codes of `scalelab load`."""

from types import SimpleNamespace

import pytest

from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load import exit_code_of


@pytest.mark.parametrize(
    ("validities", "kinds", "verdicts", "code"),
    [
        (("valid",), (), [], ExitCode.DONE),
        (("valid",), ("few-samples",), ["not met"], ExitCode.DONE),
        (("valid",), (), ["not met", "met"], ExitCode.CRITERION_FAILED),
        (("valid",), (), ["undecided"], ExitCode.NOT_VALID),
        (("generator-limited",), (), ["met"], ExitCode.NOT_VALID),
        (("too-many-failures",), (), ["met"], ExitCode.CRITERION_FAILED),
        (("too-many-failures",), (), ["not met"], ExitCode.NOT_VALID),
        (("no-data", "censored"), (), [], ExitCode.NOT_VALID),
        (("partial",), ("interrupted",), ["met"], ExitCode.INTERRUPTED),
        (("partial",), ("partial",), ["met"], ExitCode.NOT_VALID),
    ],
)
def test_exit_codes_are_distinct(validities, kinds, verdicts, code):
    """Interrupted, failed for sure, not valid, done: in this order (locust 560, taurus 1941)."""
    result = SimpleNamespace(
        validity=", ".join(validities),
        validities=validities,
        caveats=tuple(SimpleNamespace(kind=kind) for kind in kinds),
    )

    assert exit_code_of(result, verdicts) is code
