"""`scalelab doctor`: what this machine has and lacks for the laboratory, and what to type."""

import json
from collections.abc import Sequence

import typer

from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import AsJson
from scalelab.deployment.machine_checks import Check, check_machine


def doctor(as_json: AsJson = False) -> None:
    """Check this machine; exit code 0 when everything needed is there."""
    checks = check_machine()
    print(as_document(checks) if as_json else "\n".join(as_lines(checks)))
    if not is_fit(checks):
        raise typer.Exit(ExitCode.UNEXPECTED)


def is_fit(checks: Sequence[Check]) -> bool:
    """Whether everything needed is there; what is optional does not count."""
    return all(check.is_ok for check in checks if check.is_needed)


def as_document(checks: Sequence[Check]) -> str:
    """For scripts: JSON."""
    return json.dumps({"ok": is_fit(checks), "checks": [check.as_json() for check in checks]}, indent=2)


def as_lines(checks: Sequence[Check]) -> list[str]:
    """For people: a line each, and the verdict."""
    verdict = "Everything needed is there." if is_fit(checks) else "Something needed is missing."
    return [*map(_line, checks), verdict]


def _line(check: Check) -> str:
    word = "ok" if check.is_ok else "missing" if check.is_needed else "absent"
    advice = f"  -> {check.advice}" if check.advice and not check.is_ok else ""
    optional = "" if check.is_needed or check.is_ok else " (optional)"
    return f"{word:<8} {check.name:<18} {check.found}{optional}{advice}"
