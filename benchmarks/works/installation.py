"""`make install` on a fresh virtual environment, once."""

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.comparison import Figure, Goal, Row, Section
from benchmarks.processes import BenchError

_LIMIT_S = 600


def measure_installation(folder: Path) -> list[Section]:
    """One section."""
    environment = folder / "fresh"
    began_s = time.monotonic()
    ran = subprocess.run(
        ["make", "install", f"VENV={environment}"], capture_output=True, text=True, check=False, timeout=_LIMIT_S
    )
    took_s = time.monotonic() - began_s
    shutil.rmtree(environment, ignore_errors=True)
    if ran.returncode:
        raise BenchError(f"make install failed: {ran.stderr[-800:]}")
    row = Row("`make install`, fresh environment", Figure.of([took_s]), "s", Goal(180, "below"))
    return [Section("Installation", (row,), ("pip's cache as it is on this machine.",))]
