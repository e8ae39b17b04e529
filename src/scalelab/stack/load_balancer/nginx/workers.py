"""nginx's workers as the system sees them: who serves, and who finishes."""

from contextlib import suppress
from dataclasses import dataclass

import psutil

_FINISHES = "shutting down"
"""What a worker calls itself, in the list of processes, once another has taken over."""


@dataclass(frozen=True)
class Workers:
    """Process ids."""

    serving: frozenset[int]
    finishing: frozenset[int]

    def have_taken_over_from(self, before: "Workers") -> bool:
        """Whether somebody serves, and nobody of before does."""
        return bool(self.serving) and not self.serving & before.serving


def workers_of(master: int) -> Workers | None:
    """Those of a master now; None: it is gone."""
    serving: set[int] = set()
    finishing: set[int] = set()
    try:
        children = psutil.Process(master).children()
    except psutil.NoSuchProcess:
        return None
    for child in children:
        with suppress(psutil.NoSuchProcess):
            title = " ".join(child.cmdline())
            (finishing if _FINISHES in title else serving).add(child.pid)
    return Workers(frozenset(serving), frozenset(finishing))
