"""How old a client's connection may become. Pure: the draw is an argument."""

from scalelab.stack.load_balancer.base import AGE_JITTER


def greatest_age_s(max_age_s: float, draw: float) -> float:
    """Of one connection, give or take a tenth; `draw` lies in [0, 1)."""
    return max_age_s * (1 - AGE_JITTER + 2 * AGE_JITTER * draw)
