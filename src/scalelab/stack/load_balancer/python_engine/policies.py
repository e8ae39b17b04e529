"""Which member answers a request: one small type per policy, and the table of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Candidate:
    """A member that may be chosen: it is up, not draining, and has not been tried for this request."""

    name: str
    in_flight: int


@dataclass(frozen=True)
class RequestFacts:
    """What a policy may know of a request."""

    method: str
    path: str
    client: str
    """Address of the client; never from a header."""


class Policy(Protocol):
    """Chooses. Called once per attempt, from one event loop."""

    def choose(self, candidates: Sequence[Candidate], request: RequestFacts) -> Candidate:
        """One of `candidates`, which are in order of their names and at least one."""
        ...


class RoundRobin:
    """Each in turn, by name. Members may come and go without anyone being skipped or served twice."""

    def __init__(self) -> None:
        self._last = ""

    def choose(self, candidates: Sequence[Candidate], _request: RequestFacts) -> Candidate:
        """The one after the last one chosen."""
        chosen = next((candidate for candidate in candidates if candidate.name > self._last), candidates[0])
        self._last = chosen.name
        return chosen


POLICIES: dict[str, Callable[[], Policy]] = {"round_robin": RoundRobin}
"""Name in the settings -> maker."""
