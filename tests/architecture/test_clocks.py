"""Durations are measured with clocks that nobody can set."""

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "scalelab"
ALLOWED = {"lab/load/processes.py", "lab/probes/recorder.py", "lab/load/locust_session.py"}
"""They note when something was, in Unix time, beside a monotonic clock for how long it took."""


def calls_of_wall_clock(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"time", "time_ns"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "time"
    ]


def test_the_bench_reads_the_wall_clock_only_to_say_when():
    """A clock that is set meanwhile must not make a latency negative (locust 1487)."""
    files = [file for part in ("lab/load", "lab/probes", "lab/selftest") for file in (SOURCE / part).rglob("*.py")]

    assert len(files) > 40
    offenders = {str(file.relative_to(SOURCE)) for file in files if calls_of_wall_clock(file)}
    assert offenders <= ALLOWED
