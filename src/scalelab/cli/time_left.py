"""How long work in steps will still take, from what each step was expected to take."""

from collections.abc import Callable, Sequence

from scalelab.lab.plan_time import duration_text


class TimeLeft:
    """What the steps to come were expected to take, and the rest of the one in hand."""

    def __init__(self, expected_s: Sequence[float], clock_s: Callable[[], float]) -> None:
        self._expected_s = expected_s
        self._clock_s = clock_s
        self._number = 1
        self._began_s = clock_s()

    def begin(self, number: int) -> None:
        """The step with this number, from 1."""
        self._number, self._began_s = number, self._clock_s()

    def text(self) -> str:
        """`; about 6 min left`; empty when it is not known."""
        ahead = self._expected_s[self._number - 1 :]
        if not ahead:
            return ""
        left_s = sum(ahead[1:]) + max(0.0, ahead[0] - (self._clock_s() - self._began_s))
        return f"; about {duration_text(left_s)} left"
