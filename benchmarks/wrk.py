"""wrk, the neutral generator: one thread on its own core, tokens and keys in rotation. Counts good answers only."""

import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import GENERATOR_CORE, BenchError, cpu_s, on_core
from benchmarks.tokens import Tokens

CONNECTIONS = 64
MISSING = "wrk is not installed, and it is the generator of the comparison: apt-get install wrk (or brew install wrk)"
_SCRIPT = Path(__file__).with_name("wrk.lua")
_RESULT = re.compile(r"^RESULT (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)
_KEYS_PER_RUN = 1_000_000
_runs = itertools.count(1)


@dataclass(frozen=True)
class Measured:
    """One run. Shares are of one core."""

    rate_per_s: float
    server_cpu_share: float
    generator_cpu_share: float


def is_installed() -> bool:
    """Whether there is a wrk on PATH."""
    return shutil.which("wrk") is not None


def measure(
    url: str,
    tokens: Tokens,
    duration_s: int,
    server_pids: Sequence[int],
    *,
    keys: str = "same",
    path: str = "/data",
    start: int = 0,
    is_pinned: bool = True,
) -> Measured:
    """Saturate `url` with 64 connections.

    Args:
        url: scheme and authority.
        tokens: to take turns.
        duration_s: length.
        server_pids: whose CPU is told.
        keys: "same", "paired" with the tokens, "unique" for ever new ones, or how many.
        path: of every request.
        start: which token takes the first turn; of no meaning for "unique" keys.
        is_pinned: whether wrk has a core of its own.

    Raises:
        BenchError: an answer was not good, or wrk failed.
    """
    first = next(_runs) * _KEYS_PER_RUN if keys == "unique" else start
    script = ["-s", str(_SCRIPT), url, "--", str(tokens.file), keys, str(first), path]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{duration_s}s", *script]
    cpu_before_s, began_s, children_before_s = cpu_s(server_pids), time.monotonic(), _children_cpu_s()
    ran = subprocess.run(
        on_core(GENERATOR_CORE, command) if is_pinned else command,
        capture_output=True,
        text=True,
        check=False,
        timeout=duration_s + 30,
    )
    elapsed_s = time.monotonic() - began_s
    found = _RESULT.search(ran.stdout)
    if found is None:
        raise BenchError(f"wrk failed against {url}: {ran.stderr.strip() or ran.stdout.strip()}")
    requests, length_us, wrong, broken = (int(number) for number in found.groups())
    if wrong + broken > requests // 1000:
        raise BenchError(f"{url}: of {requests} answers {wrong} were errors, and {broken} connections broke")
    return Measured(
        rate_per_s=(requests - wrong) / (length_us / 1e6),
        server_cpu_share=(cpu_s(server_pids) - cpu_before_s) / elapsed_s,
        generator_cpu_share=(_children_cpu_s() - children_before_s) / elapsed_s,
    )


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system
