"""When the engine starts its next request: the boundary between open and closed load."""

from typing import Protocol


class Pacer(Protocol):
    """Says when the next request is due. Times are seconds from the start of the load."""

    due_s: float
    """Intended start of the next request; infinite while there is none."""
    user: int
    """Of the request taken last: its user, or its number where there are no users."""
    wants_answers: bool
    """Whether `answered` must be called."""

    def take(self) -> float:
        """The intended start of the next request, which is now under way."""

    def answered(self, user: int, now_s: float) -> None:
        """That user's request has its outcome."""

    def offered_until(self, end_s: float) -> int:
        """How many requests were due before that time, sent or not."""
