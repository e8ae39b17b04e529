"""The members as the worker process knows them: health, requests in flight, who may be chosen. Does no I/O."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.stack.load_balancer.python_engine.health import Health, HealthRule
from scalelab.stack.load_balancer.python_engine.policies import Candidate, Policy, RequestFacts


@dataclass(eq=False)
class PooledMember:
    """One member. A replaced address is another object, so that late news of the old one changes nothing."""

    member: Member
    health: Health = field(default_factory=Health)
    is_leaving: bool = False
    answered: int = 0
    requests: set[asyncio.Task[object]] = field(default_factory=set)
    proven: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has been up."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while it has no request in flight."""
    on_answered: Callable[[str, float], None] = lambda _name, _latency_s: None
    """Is told its name and how long a request took."""

    def __post_init__(self) -> None:
        self.idle.set()

    @property
    def is_eligible(self) -> bool:
        """Whether it may be given a request."""
        return self.health.is_up and not self.is_leaving

    @contextmanager
    def request_in_flight(self, task: asyncio.Task[object]) -> Iterator[None]:
        """Counts one request, whatever way it ends."""
        began_s = time.monotonic()
        self.requests.add(task)
        self.idle.clear()
        try:
            yield
        finally:
            self.requests.discard(task)
            self.answered += 1
            self.on_answered(self.member.name, time.monotonic() - began_s)
            if not self.requests:
                self.idle.set()


class MemberPool:
    """All members. `on_change` is told whenever who is up may have changed."""

    def __init__(self, policy: Policy, rule: HealthRule, on_change: Callable[[], None] = lambda: None) -> None:
        self._policy = policy
        self._rule = rule
        self._on_change = on_change
        self.members: list[PooledMember] = []

    def add(self, members: Iterable[Member]) -> list[PooledMember]:
        """New members, down until their check passes."""
        added = [PooledMember(member, on_answered=self._answered) for member in members]
        self.members = sorted([*self.members, *added], key=lambda pooled: pooled.member.name)
        return added

    def use(self, policy: Policy) -> None:
        """From now on this policy chooses. It knows nothing yet of how long members take."""
        self._policy = policy

    def start_leaving(self, pooled: PooledMember) -> None:
        """From now on it is given no request."""
        pooled.is_leaving = True
        self._on_change()

    def drop(self, pooled: PooledMember) -> None:
        """It is gone."""
        self.members.remove(pooled)
        self._on_change()

    def note_check(self, pooled: PooledMember, *, has_passed: bool) -> None:
        """One health check's result."""
        before = pooled.health
        pooled.health = before.after(has_passed, self._rule)
        if pooled.health.is_up:
            pooled.proven.set()
        if pooled.health.is_up != before.is_up:
            self._on_change()

    def choose(self, request: RequestFacts, tried: Sequence[PooledMember] = ()) -> PooledMember | None:
        """The member for this attempt; None when there is none left."""
        eligible = {
            pooled.member.name: pooled for pooled in self.members if pooled.is_eligible and pooled not in tried
        }
        if not eligible:
            return None
        candidates = [Candidate(name, len(pooled.requests)) for name, pooled in eligible.items()]
        return eligible[self._policy.choose(candidates, request).name]

    def _answered(self, name: str, latency_s: float) -> None:
        self._policy.answered(name, latency_s)

    def has_member_up(self) -> bool:
        """Whether any may be chosen."""
        return any(pooled.is_eligible for pooled in self.members)

    def view(self) -> MembersView:
        """As the membership contract shows it."""
        return MembersView(members=tuple(map(_view, self.members)))


def _view(pooled: PooledMember) -> MemberView:
    member = pooled.member
    state = "draining" if pooled.is_leaving else "up" if pooled.health.is_up else "down"
    return MemberView(
        name=member.name, host=member.host, port=member.port, state=state, in_flight=len(pooled.requests)
    )
