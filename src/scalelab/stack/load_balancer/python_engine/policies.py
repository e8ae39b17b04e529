"""Which member answers a request: one small type per policy, and the table of them."""

import math
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from random import Random
from typing import Protocol, TypeVar

from scalelab.contracts.topology import BalancingPolicy

DECAY_S = 10.0
UNKNOWN_S = 0.001
"""What a member is taken for that has not answered yet, or long ago."""
FAILURE_S = 1.0
"""What a failure counts as, however soon it came."""


class Candidate(Protocol):
    """A member that may be chosen: it is up, not draining, and has not been tried for this request."""

    name: str
    in_flight: int
    weight: float
    """Its share beside those of the others."""


CandidateT = TypeVar("CandidateT", bound=Candidate)


class Asked(Protocol):
    """What a policy may ask of a request."""

    @property
    def key(self) -> str:
        """Of the query; empty without one."""
        ...

    @property
    def user(self) -> str:
        """What tells one user's token from another's; empty without one."""
        ...


class Policy(Protocol):
    """Chooses. Called once per attempt, from one event loop."""

    def choose(self, candidates: Sequence[CandidateT], request: Asked) -> CandidateT:
        """One of `candidates`, which are in order of their names and at least one."""
        ...

    def answered(self, name: str, latency_s: float, *, has_failed: bool) -> None:
        """A member is done with a request, one way or another."""


class Unheeding:
    """A policy that does not care how long its members take."""

    def answered(self, name: str, latency_s: float, *, has_failed: bool) -> None:
        """See `Policy`."""


class RoundRobin(Unheeding):
    """Each in turn, by name. Members may come and go without anyone being skipped or served twice.

    With weights each has its share, spread over the round (smooth weighted round robin). Source: nginx 1.3.1.
    """

    def __init__(self) -> None:
        self._last = ""
        self._due: dict[str, float] = {}
        """How much each is owed."""

    def choose(self, candidates: Sequence[CandidateT], _request: Asked) -> CandidateT:
        """The one after the last one chosen; with weights the one that is owed most."""
        if len({candidate.weight for candidate in candidates}) > 1:
            return self._choose_by_weight(candidates)
        chosen = next((candidate for candidate in candidates if candidate.name > self._last), candidates[0])
        self._last = chosen.name
        return chosen

    def _choose_by_weight(self, candidates: Sequence[CandidateT]) -> CandidateT:
        self._due = {one.name: self._due.get(one.name, 0.0) + one.weight for one in candidates}
        chosen = max(candidates, key=lambda one: self._due[one.name])
        self._due[chosen.name] -= sum(one.weight for one in candidates)
        self._last = chosen.name
        return chosen


class LeastConnections(Unheeding):
    """Whoever has the fewest requests in flight for its weight, with this one; among equals each in turn."""

    def __init__(self) -> None:
        self._turns = RoundRobin()

    def choose(self, candidates: Sequence[CandidateT], request: Asked) -> CandidateT:
        """One of the idlest."""
        fewest = min(_load(candidate) for candidate in candidates)
        return self._turns.choose([one for one in candidates if _load(one) == fewest], request)


class RandomChoice(Unheeding):
    """Of `draws` members drawn at random the one with the fewest requests: 1 is anyone, 2 the power of two choices.

    Source: Mitzenmacher, The Power of Two Choices in Randomized Load Balancing (2001).
    """

    def __init__(self, draws: int, random: Random | None = None) -> None:
        self._draws = draws
        self._random = random or Random()  # noqa: S311  nothing secret hangs on who answers

    def choose(self, candidates: Sequence[CandidateT], _request: Asked) -> CandidateT:
        """Different ones are drawn, as far as there are so many, each as often as its weight says."""
        left, drawn = list(candidates), []
        for _ in range(min(self._draws, len(candidates))):
            drawn.append(self._random.choices(left, [one.weight for one in left])[0])
            left.remove(drawn[-1])
        return min(drawn, key=lambda candidate: candidate.in_flight)


class PeakEwma:
    """Whoever is quickest for what it has in hand: its latency, times its requests and this one, by its weight.

    The latency is an average that forgets over `DECAY_S`, but jumps to a peak at once: a member that gets slow is
    avoided after one answer, and trusted again little by little. Who refuses at once must not look quick for it.

    Source: Finagle's load balancer of this name (Twitter, 2013).
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, float]] = {}
        """Name -> latency, and when it was worked out."""

    def choose(self, candidates: Sequence[CandidateT], _request: Asked) -> CandidateT:
        """The one with the least expected wait; whoever is not known yet counts as quick."""
        now_s = self._monotonic()
        return min(candidates, key=lambda one: self._latency_s(one.name, now_s) * _load(one))

    def answered(self, name: str, latency_s: float, *, has_failed: bool) -> None:
        """See `Policy`."""
        now_s = self._monotonic()
        before_s = self._latency_s(name, now_s)
        if has_failed:
            latency_s = max(latency_s, FAILURE_S)
        if latency_s >= before_s or name not in self._known:
            self._known[name] = (latency_s, now_s)
            return
        weight = math.exp(-(now_s - self._known[name][1]) / DECAY_S)
        self._known[name] = (before_s * weight + latency_s * (1 - weight), now_s)

    def _latency_s(self, name: str, now_s: float) -> float:
        """As last worked out, sinking while nothing is heard: who was avoided is tried again in the end."""
        known = self._known.get(name)
        if known is None:
            return UNKNOWN_S
        return max(UNKNOWN_S, known[0] * math.exp(-(now_s - known[1]) / DECAY_S))


class ConsistentHash(Unheeding):
    """Always the same member for a value, and another only for those whose member is gone.

    Each member draws a number for the value, and the highest has it (rendezvous hashing): nobody else moves when a
    member comes or goes. Source: Thaler and Ravishankar (1998); with weights Schindelhauer and Schomaker (2005).
    """

    def __init__(self, value_of: Callable[[Asked], str]) -> None:
        self._value_of = value_of
        self._turns = RoundRobin()

    def choose(self, candidates: Sequence[CandidateT], request: Asked) -> CandidateT:
        """The value's member; what has no value is balanced in turn."""
        value = self._value_of(request)
        if not value:
            return self._turns.choose(candidates, request)
        return max(candidates, key=lambda one: one.weight / -math.log(_draw(one.name, value)))


def _load(candidate: Candidate) -> float:
    """Requests in flight with one more, for each unit of weight."""
    return (candidate.in_flight + 1) / candidate.weight


def _draw(name: str, value: str) -> float:
    """Between 0 and 1, and neither; always the same for the two."""
    digest = blake2b(f"{name}\n{value}".encode(), digest_size=6).digest()
    return (int.from_bytes(digest) + 0.5) / 2**48


POLICIES: dict[BalancingPolicy, Callable[[], Policy]] = {
    "round_robin": RoundRobin,
    "least_connections": LeastConnections,
    "random": lambda: RandomChoice(1),
    "power_of_two": lambda: RandomChoice(2),
    "peak_ewma": PeakEwma,
    "hash_key": lambda: ConsistentHash(lambda request: request.key),
    "hash_user": lambda: ConsistentHash(lambda request: request.user),
}
"""Name in the settings -> maker."""
