"""How much a member gets that has just come, or come back. Pure.

One that is new has cold caches and no connections; a policy that looks for the idlest would give it everything.
"""

LEAST_SHARE = 0.1
"""Of the weight, at the beginning."""


def ramped_weight(weight: float, age_s: float, slow_start_s: float) -> float:
    """What counts of the weight at this age: a straight line from a tenth of it to all of it.

    Args:
        weight: of the member.
        age_s: since it takes traffic.
        slow_start_s: length of the line; 0 = none.
    """
    if age_s >= slow_start_s:
        return weight
    return weight * (LEAST_SHARE + (1 - LEAST_SHARE) * max(0.0, age_s) / slow_start_s)
