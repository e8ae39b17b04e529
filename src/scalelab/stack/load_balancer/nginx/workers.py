"""nginx's workers as the system sees them: who serves, who finishes, and whom they are connected with."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from scalelab.contracts.membership import Member

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


def connected_with(workers: Iterable[int], members: Iterable[Member]) -> frozenset[int]:
    """Which of the workers have a connection to one of the members."""
    ends = {(member.host, member.port) for member in members}
    return frozenset(pid for pid in workers if ends & _remote_ends(pid))


def _remote_ends(pid: int) -> set[tuple[str, int]]:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
        return {(str(each.raddr[0]), int(each.raddr[1])) for each in connections if each.raddr}
    except psutil.Error:
        return set()
