"""`manifest.json`: what was run, on what, with which versions. Never holds a secret.

Written at the start; an open number of repetitions adds to its order.
"""

import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import psutil

from scalelab.contracts.model import Contract
from scalelab.lab.plan import Plan, Scenario
from scalelab.lab.results.redaction import without_passwords

SCHEMA_VERSION = 1
MANIFEST_FILE = "manifest.json"
_PACKAGE = "scalelab"
_GIT_LIMIT_S = 5.0


class Host(Contract):
    """The machine."""

    system: str
    """Operating system and its release."""
    machine: str
    """Architecture, for example `x86_64`."""
    cpu_model: str
    """As the system names it."""
    logical_cores: int
    """All of them, shared by system and generator."""
    memory_bytes: int
    """All of it."""
    python: str
    """Its version."""


class PlannedRun(Contract):
    """One repetition of one scenario."""

    scenario: str
    """Its name, which is also its folder's."""
    title: str
    """For people."""
    repetition: int
    """From 1; the folder in the scenario's."""


class Manifest(Contract):
    """The run as a whole."""

    schema_version: int = SCHEMA_VERSION
    """Of this file."""
    experiment: str
    """Its name."""
    question: str
    """What it asks, in the experiment's words."""
    is_quick: bool
    """Whether `--quick` made it shorter."""
    seed: int
    """Of every random choice."""
    started_at: str
    """ISO 8601, UTC."""
    scenarios: tuple[str, ...] = ()
    """Names, in the order of the experiment."""
    order: tuple[PlannedRun, ...]
    """As run. From two repetitions on it is random within each block, drawn from the seed."""
    until: str = ""
    """What had to be reached, if the number of repetitions was open."""
    ended: str = ""
    """Why an open number of repetitions came to its end."""
    experiment_as_run: dict[str, Any]
    """The experiment file with every default and `--set` in it; no password."""
    host: Host
    packages: dict[str, str]
    """Our version, and those of what we need at run time."""
    engines: dict[str, str]
    """Engines outside Python and their versions."""
    git_revision: str | None
    """Commit of the working directory, with `+changes` if files differ from it; null outside a repository."""


def make_manifest(
    plan: Plan, started_at: datetime, *, is_quick: bool, engines: Mapping[str, str], host: Host, git: str | None
) -> Manifest:
    """The manifest of a plan."""
    experiment = plan.experiment
    return Manifest(
        experiment=experiment.name,
        question=experiment.question,
        is_quick=is_quick,
        seed=experiment.seed,
        started_at=started_at.isoformat(timespec="seconds"),
        scenarios=tuple(scenario.name for scenario in (*plan.scenarios, *plan.verifying)),
        order=planned_runs(plan.order()),
        experiment_as_run=without_passwords(experiment.model_dump(mode="json")),
        host=host,
        packages=package_versions(),
        engines=dict(engines),
        git_revision=git,
    )


def planned_runs(order: Iterable[tuple[int, Scenario]]) -> tuple[PlannedRun, ...]:
    """The entries of (repetition, scenario)."""
    return tuple(
        PlannedRun(scenario=scenario.name, title=scenario.title, repetition=repetition)
        for repetition, scenario in order
    )


def this_host() -> Host:
    """The machine that this runs on."""
    return Host(
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu_model=_cpu_model(),
        logical_cores=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        python=platform.python_version(),
    )


def package_versions() -> dict[str, str]:
    """Our own version and those of what we need at run time."""
    lines = [line for line in requires(_PACKAGE) or () if "extra ==" not in line]
    names = [_PACKAGE, *(_name_of(line) for line in lines)]
    return {name: found for name in names if (found := _version(name)) is not None}


def git_revision(directory: Path) -> str | None:
    """The commit that is checked out, with `+changes` if files differ from it; None outside a repository."""
    revision = _git(directory, "rev-parse", "HEAD")
    if not revision:
        return None
    return revision + ("+changes" if _git(directory, "status", "--porcelain", "--untracked-files=no") else "")


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        finished = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=_GIT_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return finished.stdout.strip()


def _name_of(requirement: str) -> str:
    for index, character in enumerate(requirement):
        if not (character.isalnum() or character in "-_."):
            return requirement[:index]
    return requirement


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
