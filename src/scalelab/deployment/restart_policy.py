"""When a dead service is started again. Pure."""

from collections.abc import Sequence

FORGET_AFTER_S = 60.0
"""A service that lived so long starts again with the shortest delay."""
DELAYS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
LONGEST_BALANCER_DELAY_S = 0.75
"""Without the balancer nothing is reachable: it is never left down for a second."""


def restart_delay_s(deaths_at_s: Sequence[float], now_s: float, *, is_balancer: bool) -> float:
    """Seconds to wait before the next start.

    Args:
        deaths_at_s: all deaths so far on the clock of `now_s`, the one in hand included.
        now_s: now.
        is_balancer: whether it is the only way in.
    """
    recent = sum(1 for death_s in deaths_at_s if now_s - death_s < FORGET_AFTER_S)
    delay_s = DELAYS_S[max(0, min(recent, len(DELAYS_S)) - 1)]
    return min(delay_s, LONGEST_BALANCER_DELAY_S) if is_balancer else delay_s
