"""`scalelab doctor`: what this machine has and lacks for the laboratory, and what to type."""

import json
import sys

import typer

from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.options import AsJson
from scalelab.deployment.machine_checks import Check, check_machine


def doctor(as_json: AsJson = False) -> None:
    """Check this machine; exit code 0 when everything needed is there."""
    checks = check_machine()
    is_fit = all(check.is_ok for check in checks if check.is_needed)
    if as_json:
        print(json.dumps({"ok": is_fit, "checks": [check.as_json() for check in checks]}, indent=2))
    else:
        for check in checks:
            print(_line(check))
        print("Everything needed is there." if is_fit else "Something needed is missing.", file=sys.stdout)
    if not is_fit:
        raise typer.Exit(ExitCode.UNEXPECTED)


def _line(check: Check) -> str:
    word = "ok" if check.is_ok else "missing" if check.is_needed else "absent"
    advice = f"  -> {check.advice}" if check.advice and not check.is_ok else ""
    optional = "" if check.is_needed or check.is_ok else " (optional)"
    return f"{word:<8} {check.name:<18} {check.found}{optional}{advice}"
