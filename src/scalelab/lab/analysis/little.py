"""Little's law on a measured window: N = X (R + Z). Pure; never corrects a measurement, only checks it."""

from scalelab.lab.results.run_record import LittleCheck

DEFAULT_TOLERANCE_RATIO = 0.05


def implied_users(throughput_per_s: float, response_mean_s: float, think_time_mean_s: float) -> float:
    """How many users a closed system has that answers at this rate: X (R + Z)."""
    return throughput_per_s * (response_mean_s + think_time_mean_s)


def implied_response_s(users: float, throughput_per_s: float, think_time_mean_s: float) -> float | None:
    """Mean response that so many users must see at this rate: N / X - Z; None without a rate.

    Never below 0: a rate above N / Z is one that these users cannot make.
    """
    if throughput_per_s <= 0:
        return None
    return max(0.0, users / throughput_per_s - think_time_mean_s)


def check_little(
    configured_users: float,
    throughput_per_s: float,
    response_mean_s: float,
    think_time_mean_s: float,
    tolerance_ratio: float = DEFAULT_TOLERANCE_RATIO,
) -> LittleCheck:
    """Whether the users that the figures imply are the users that were there.

    Args:
        configured_users: N; of an open load the time-average population.
        throughput_per_s: X, completions in the window over its length.
        response_mean_s: R, of the requests sent in the window.
        think_time_mean_s: Z.
        tolerance_ratio: largest |implied - configured| / configured that still agrees.
    """
    implied = implied_users(throughput_per_s, response_mean_s, think_time_mean_s)
    return LittleCheck(
        configured_users=configured_users,
        throughput_per_s=throughput_per_s,
        response_mean_s=response_mean_s,
        think_time_mean_s=think_time_mean_s,
        implied_users=implied,
        is_consistent=abs(implied - configured_users) <= tolerance_ratio * configured_users,
        tolerance_ratio=tolerance_ratio,
    )
