"""How long and how often: the only difference between a full run and a quick one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Rounds of each comparison, and seconds of one measurement: whole ones, since wrk knows no others."""

    rounds: int
    duration_s: int
    warm_up_s: int
    is_long: bool = False
    """Whether the ten minutes that show flat memory are run too."""


FULL = Pace(rounds=5, duration_s=3, warm_up_s=1)
QUICK = Pace(rounds=2, duration_s=1, warm_up_s=1)
