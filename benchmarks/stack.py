"""A whole stack through the command line, as a user starts it; down again whatever happens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import BenchError
from benchmarks.tokens import Tokens, sign_tokens

SCALELAB = str(Path(sys.executable).with_name("scalelab"))
_LIMIT_S = 90


@dataclass(frozen=True)
class RunningStack:
    """What `status --json` says, and how long it took to be ready."""

    url: str
    pids: tuple[int, ...]
    ready_after_s: float
    key_file: Path

    def sign(self, file: Path, count: int) -> Tokens:
        """Tokens that its gateways accept."""
        return sign_tokens(self.key_file, "EdDSA", file, count)


@contextmanager
def running_stack(folder: Path, *, gateways: int, settings: Sequence[str] = ()) -> Iterator[RunningStack]:
    """Up, and down on leaving. `folder` must have a short path: sockets stand in it."""
    home = folder / "s"
    environment = {**os.environ, "SCALELAB_HOME": str(home)}
    overrides = [word for setting in settings for word in ("--set", setting)]
    began_s = time.monotonic()
    try:
        _run([SCALELAB, "up", "--gateways", str(gateways), "--detach", *overrides], environment)
        ready_after_s = time.monotonic() - began_s
        view = json.loads(_run([SCALELAB, "status", "--json"], environment))
        yield RunningStack(
            url=view["url"],
            pids=tuple(service["pid"] for service in view["services"]),
            ready_after_s=ready_after_s,
            key_file=home / "stacks" / "default" / "keys" / "signing_key",
        )
    finally:
        subprocess.run([SCALELAB, "down"], env=environment, check=False, capture_output=True, timeout=_LIMIT_S)


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    ran = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=_LIMIT_S)
    if ran.returncode:
        raise BenchError(f"{' '.join(command)} failed: {ran.stderr[-800:] or ran.stdout[-800:]}")
    return ran.stdout
