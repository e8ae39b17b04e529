"""Which member answers a request: one small type per policy, and the table of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from scalelab.contracts.topology import BalancingPolicy


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


class LeastConnections:
    """Whoever has the fewest requests in flight; among equals each in turn."""

    def __init__(self) -> None:
        self._turns = RoundRobin()

    def choose(self, candidates: Sequence[Candidate], request: RequestFacts) -> Candidate:
        """One of the idlest."""
        fewest = min(candidate.in_flight for candidate in candidates)
        return self._turns.choose([one for one in candidates if one.in_flight == fewest], request)


class RandomChoice:
    """Of `draws` members drawn at random the one with the fewest requests: 1 is anyone, 2 the power of two choices.

    Source: Mitzenmacher, The Power of Two Choices in Randomized Load Balancing (2001).
    """

    def __init__(self, draws: int, random: Random | None = None) -> None:
        self._draws = draws
        self._random = random or Random()  # noqa: S311  nothing secret hangs on who answers

    def choose(self, candidates: Sequence[Candidate], _request: RequestFacts) -> Candidate:
        """Different ones are drawn, as far as there are so many."""
        drawn = self._random.sample(candidates, min(self._draws, len(candidates)))
        return min(drawn, key=lambda candidate: candidate.in_flight)


POLICIES: dict[BalancingPolicy, Callable[[], Policy]] = {
    "round_robin": RoundRobin,
    "least_connections": LeastConnections,
    "random": lambda: RandomChoice(1),
    "power_of_two": lambda: RandomChoice(2),
}
"""Name in the settings -> maker."""
