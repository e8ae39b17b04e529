"""Our own generator, as `scalelab load`, on its core; its answer as it writes it."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import GENERATOR_CORE, BenchError, on_core
from benchmarks.stack import SCALELAB

_NOT_VALID = 3


def run_load(url: str, options: Sequence[str], *, is_pinned: bool = True, limit_s: float = 120) -> dict[str, Any]:
    """Measure and read the answer. A result that is not valid is a result: it says so itself.

    Raises:
        BenchError: there is no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "load.json"
        command = [SCALELAB, "load", url, *options, "--json", str(file)]
        ran = subprocess.run(
            on_core(GENERATOR_CORE, command) if is_pinned else command,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
        )
        if ran.returncode not in {0, _NOT_VALID} or not file.exists():
            raise BenchError(f"scalelab load {url} failed: {ran.stderr[-800:] or ran.stdout[-800:]}")
        return dict(json.loads(file.read_text()))
