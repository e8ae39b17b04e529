"""The walls between the parts stand."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_import_contracts_are_kept():
    """Every contract of pyproject.toml holds: stack and lab apart, services apart, contracts alone."""
    lint = Path(sys.executable).with_name("lint-imports")

    finished = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout
    assert " 0 broken" in finished.stdout
