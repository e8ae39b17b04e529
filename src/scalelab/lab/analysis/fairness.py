"""How evenly the answers spread over the replicas: Jain's fairness index. Pure."""

from collections.abc import Iterable


def jain_index(amounts: Iterable[float]) -> float | None:
    """(sum x)^2 / (n sum x^2): 1 = equal shares, 1/n = one takes all; None when there is nothing to share.

    A replica that got nothing counts only if it is in `amounts` as 0.

    Source: Jain, Chiu, Hawe, "A quantitative measure of fairness and discrimination", DEC-TR-301 (1984).
    """
    values = [float(amount) for amount in amounts]
    largest = max(values, default=0.0)
    if largest <= 0:
        return None
    shares = [value / largest for value in values]
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
