"""How many further attempts there may be for so many first ones. Pure."""

RESERVE = 10.0
"""Further attempts that a quiet time saves up: a single fault is retried though nothing else was asked."""


class Budget:
    """Each first attempt brings `ratio`, each further one takes 1 when it is scheduled. A ratio of 0 is no budget.

    Without one, a service that is too slow for its load gets more load for being slow: a retry storm.
    """

    def __init__(self, ratio: float, reserve: float = RESERVE) -> None:
        self._ratio = ratio
        self._reserve = self._saved = reserve

    def bring(self) -> None:
        """A first attempt was made."""
        self._saved = min(self._reserve, self._saved + self._ratio)

    def spend(self) -> bool:
        """Whether a further attempt may be scheduled; it is then paid for."""
        if self._ratio == 0:
            return True
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
