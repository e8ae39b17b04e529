"""The members as the engine knows them: health, requests in flight, who may be chosen. Does no I/O."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.stack.load_balancer.python_engine.health import Health, HealthRule
from scalelab.stack.load_balancer.python_engine.policies import Asked, Policy


class InFlight(Protocol):
    """A request that a member has in hand."""

    def break_off(self) -> None:
        """The member is given no more time for it. Ends with `PooledMember.finish`."""
        ...


@dataclass(eq=False, slots=True)
class PooledMember:
    """One member. A replaced address is another object, so that late news of the old one changes nothing."""

    member: Member
    health: Health = field(default_factory=Health)
    is_leaving: bool = False
    answered: int = 0
    requests: set[InFlight] = field(default_factory=set)
    proven: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has been up."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while it has no request in flight."""
    name: str = ""
    in_flight: int = 0

    def __post_init__(self) -> None:
        self.name = self.member.name
        self.idle.set()

    @property
    def is_eligible(self) -> bool:
        """Whether it may be given a request."""
        return self.health.is_up and not self.is_leaving

    def begin(self, request: InFlight) -> None:
        """It has a request in hand, until `finish`."""
        self.requests.add(request)
        self.in_flight += 1
        if self.in_flight == 1:
            self.idle.clear()

    def finish(self, request: InFlight) -> None:
        """Whatever way the request ended."""
        self.requests.remove(request)
        self.answered += 1
        self.in_flight -= 1
        if not self.in_flight:
            self.idle.set()


class MemberPool:
    """All members. `on_change` is told whenever who is up may have changed."""

    def __init__(self, policy: Policy, rule: HealthRule, on_change: Callable[[], None] = lambda: None) -> None:
        self.policy = policy
        self._rule = rule
        self._on_change = on_change
        self.members: list[PooledMember] = []
        """In order of their names."""
        self._eligible: list[PooledMember] = []

    def add(self, members: Iterable[Member]) -> list[PooledMember]:
        """New members, down until their check passes."""
        added = [PooledMember(member) for member in members]
        self.members = sorted([*self.members, *added], key=lambda pooled: pooled.name)
        return added

    def use(self, policy: Policy) -> None:
        """From now on this policy chooses. It knows nothing yet of how long members take."""
        self.policy = policy

    def start_leaving(self, pooled: PooledMember) -> None:
        """From now on it is given no request."""
        pooled.is_leaving = True
        self._note_change()

    def drop(self, pooled: PooledMember) -> None:
        """It is gone."""
        self.members.remove(pooled)
        self._note_change()

    def note_check(self, pooled: PooledMember, *, has_passed: bool) -> None:
        """One health check's result."""
        before = pooled.health
        pooled.health = before.after(has_passed, self._rule)
        if pooled.health.is_up:
            pooled.proven.set()
        if pooled.health.is_up != before.is_up:
            self._note_change()

    def choose(self, request: Asked, tried: Sequence[PooledMember] = ()) -> PooledMember | None:
        """The member for this attempt; None when there is none left."""
        eligible = self._eligible
        if tried:
            eligible = [pooled for pooled in eligible if pooled not in tried]
        return self.policy.choose(eligible, request) if eligible else None

    def has_member_up(self) -> bool:
        """Whether any may be chosen."""
        return bool(self._eligible)

    def view(self) -> MembersView:
        """As the membership contract shows it."""
        return MembersView(members=tuple(map(_view, self.members)))

    def _note_change(self) -> None:
        self._eligible = [pooled for pooled in self.members if pooled.is_eligible]
        self._on_change()


def _view(pooled: PooledMember) -> MemberView:
    member = pooled.member
    state = "draining" if pooled.is_leaving else "up" if pooled.health.is_up else "down"
    return MemberView(name=member.name, host=member.host, port=member.port, state=state, in_flight=pooled.in_flight)
