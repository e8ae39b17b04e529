"""The members as the engine knows them: health, failures, requests in flight, who may be chosen. Does no I/O."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.stack.load_balancer.health import Health, HealthRule
from scalelab.stack.load_balancer.panic import is_panic
from scalelab.stack.load_balancer.python_engine.care import Care
from scalelab.stack.load_balancer.python_engine.ejection import Ejection
from scalelab.stack.load_balancer.python_engine.policies import Asked, Policy
from scalelab.stack.load_balancer.python_engine.slow_start import ramped_weight

_RAMP_STEP_S = 0.05
"""How often weights are worked out anew while one of them grows."""


class InFlight(Protocol):
    """A request that a member has in hand."""

    def break_off(self) -> None:
        """The member is given no more time for it. Ends with `PooledMember.finish`."""
        ...


@dataclass(eq=False, slots=True)
class PooledMember:
    """One member. A replaced address is another object, so that late news of the old one changes nothing."""

    member: Member
    is_warm: bool = False
    """Whether it has its whole share from its first moment on."""
    health: Health = field(default_factory=Health)
    ejection: Ejection = field(default_factory=Ejection)
    is_leaving: bool = False
    takes_traffic: bool = False
    """Whether it is up, not left alone for its failures, and not leaving."""
    takes_traffic_since_s: float = -math.inf
    answered: int = 0
    ejected: int = 0
    """How often it was left alone."""
    requests: set[InFlight] = field(default_factory=set)
    proven: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has been up."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while it has no request in flight."""
    name: str = ""
    in_flight: int = 0
    weight: float = 1.0
    """As it counts now."""

    def __post_init__(self) -> None:
        self.name = self.member.name
        self.weight = float(self.member.weight)
        self.idle.set()

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
    """All members. `on_change` is told whenever who takes traffic may have changed; `clock` counts seconds."""

    def __init__(
        self,
        policy: Policy,
        rule: HealthRule,
        on_change: Callable[[], None] = lambda: None,
        care: Care | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy
        self._rule = rule
        self._on_change = on_change
        self._care = Care() if care is None else care
        self._clock = clock
        self.members: list[PooledMember] = []
        """In order of their names."""
        self.is_in_panic = False
        self._eligible: list[PooledMember] = []
        self._due_s = math.inf
        """When the list or its weights will be others by themselves."""

    def add(self, members: Iterable[Member], *, are_warm: bool = False) -> list[PooledMember]:
        """New members, down until their check passes."""
        added = [PooledMember(member, is_warm=are_warm) for member in members]
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

    def note_answer(self, pooled: PooledMember, *, has_failed: bool) -> bool:
        """How an attempt ended for the member; whether it is left alone from now on."""
        rule = self._care.ejection
        if not rule.failures:
            return False
        before = pooled.ejection
        if not has_failed:
            pooled.ejection = before.after_success()
            return False
        now_s = self._clock()
        counted = [one for one in self.members if not one.is_leaving]
        ejected = sum(one.ejection.is_out(now_s) for one in counted)
        pooled.ejection = before.after_failure(now_s, rule, has_room=rule.has_room(ejected, len(counted)))
        if pooled.ejection.until_s == before.until_s:
            return False
        pooled.ejected += 1
        self._note_change()
        return True

    def choose(self, request: Asked, tried: Sequence[PooledMember] = ()) -> PooledMember | None:
        """The member for this attempt; None when there is none left."""
        if self._due_s < math.inf and self._clock() >= self._due_s:
            self._note_change()
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
        now_s, slow_start_s = self._clock(), self._care.slow_start_s
        for pooled in self.members:
            _bring_up_to_date(pooled, now_s, slow_start_s)
        taking = [pooled for pooled in self.members if pooled.takes_traffic]
        proven = [pooled for pooled in self.members if pooled.proven.is_set() and not pooled.is_leaving]
        self.is_in_panic = is_panic(len(taking), len(proven), self._care.panic_share)
        self._eligible = proven if self.is_in_panic else taking
        returns_s = [pooled.ejection.until_s for pooled in self.members if pooled.ejection.is_out(now_s)]
        is_ramping = any(now_s < pooled.takes_traffic_since_s + slow_start_s for pooled in taking)
        self._due_s = min([*returns_s, now_s + _RAMP_STEP_S if is_ramping else math.inf])
        self._on_change()


def _bring_up_to_date(pooled: PooledMember, now_s: float, slow_start_s: float) -> None:
    took_traffic = pooled.takes_traffic
    pooled.takes_traffic = pooled.health.is_up and not pooled.is_leaving and not pooled.ejection.is_out(now_s)
    if pooled.takes_traffic and not took_traffic:
        pooled.takes_traffic_since_s = -math.inf if pooled.is_warm else now_s
        pooled.is_warm = False
    age_s = now_s - pooled.takes_traffic_since_s
    pooled.weight = ramped_weight(float(pooled.member.weight), age_s, slow_start_s)


def _view(pooled: PooledMember) -> MemberView:
    member = pooled.member
    state = "draining" if pooled.is_leaving else "up" if pooled.takes_traffic else "down"
    return MemberView(name=member.name, host=member.host, port=member.port, state=state, in_flight=pooled.in_flight)
