"""A circuit breaker: a service that fails is left alone for a while, then tried with a few requests.

The decision is a pure state machine with the time as an argument; the wrapper only asks it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, Protocol

from scalelab.stack.resilience.asking import Asks
from scalelab.stack.upstream import UpstreamAnswer, UpstreamFault

State = Literal["closed", "open", "half-open"]
WINDOW_S = 10.0
"""Failures are counted over so long."""
LEFT_ALONE = UpstreamFault("left_alone", "the circuit breaker is open: it failed too often of late")


@dataclass(frozen=True)
class BreakerRule:
    """When it opens, and what closes it."""

    failure_ratio: float
    """Of the attempts in the window: from here on it opens."""
    minimum_attempts: int
    """In the window, before a ratio means anything: one failure of one attempt is none."""
    open_s: float
    """How long the service is left alone."""
    probes: int
    """Requests at a time that try it afterwards; so many good ones in a row close the breaker."""


class Breaker:
    """One service, as one gateway sees it. Every ticket that `admit` gives must come back by `note` or `forget`."""

    def __init__(self, rule: BreakerRule) -> None:
        self.opened = 0
        """How often."""
        self._rule = rule
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._open_until_s: float | None = None
        self._probing = 0
        self._good_probes = 0

    def state(self, now_s: float) -> State:
        """What it lets through now: everything, nothing, or probes."""
        if self._open_until_s is None:
            return "closed"
        return "open" if now_s < self._open_until_s else "half-open"

    def admit(self, now_s: float) -> int | None:
        """A ticket for one request; None when none may be sent."""
        state = self.state(now_s)
        if state == "half-open" and self._probing < self._rule.probes:
            self._probing += 1
            return self.opened
        return self.opened if state == "closed" else None

    def note(self, ticket: int, now_s: float, *, is_good: bool) -> None:
        """What became of a request. One that was sent before the breaker opened tells nothing new."""
        if ticket != self.opened:
            return
        if self._open_until_s is None:
            self._count(now_s, is_good=is_good)
            return
        self._probing -= 1
        if not is_good:
            self._open(now_s)
            return
        self._good_probes += 1
        if self._good_probes >= self._rule.probes:
            self._close()

    def forget(self, ticket: int) -> None:
        """A request was given up by its client, or had no time left: it says nothing of the service."""
        if ticket == self.opened and self._open_until_s is not None:
            self._probing -= 1

    def agree(self, until_s: float | None, *, is_new: bool) -> None:
        """What all gateways hold of the service: open until then, and to be tried after it; None: closed.

        `is_new`: it was opened anew, so that no ticket of before tells anything.
        """
        if until_s is None:
            if self._open_until_s is not None:
                self._close()
            return
        if is_new or self._open_until_s is None:
            self.opened += 1
            self._probing, self._good_probes = 0, 0
            self._open_until_s = until_s
        elif until_s < self._open_until_s:
            self._open_until_s = until_s

    def _count(self, now_s: float, *, is_good: bool) -> None:
        self._outcomes.append((now_s, is_good))
        self._failures += not is_good
        while self._outcomes[0][0] < now_s - WINDOW_S:
            self._failures -= not self._outcomes.popleft()[1]
        attempts = len(self._outcomes)
        if is_good:
            return  # old failures may make the share, but a good answer opens nothing
        if attempts >= self._rule.minimum_attempts and self._failures >= self._rule.failure_ratio * attempts:
            self._open(now_s)

    def _open(self, now_s: float) -> None:
        self.opened += 1
        self._open_until_s = now_s + self._rule.open_s
        self._probing, self._good_probes = 0, 0

    def _close(self) -> None:
        self._open_until_s = None
        self._probing = 0
        self._outcomes.clear()
        self._failures = 0
        self._good_probes = 0


class Agrees(Protocol):
    """As `Agreement` does: with the breakers of the same service at other gateways."""

    async def may_probe(self) -> bool:
        """Whether one try may be sent now; each yes must come back by `tell`."""
        ...

    def tell(self, word: Literal["good", "bad", "give_up"]) -> None:
        """What became of a try."""
        ...

    def opened(self) -> None:
        """This gateway has just opened its breaker."""
        ...


class BreakingUpstream:
    """Answers with a fault of its own, at once, while the service is left alone."""

    def __init__(
        self,
        inner: Asks,
        breaker: Breaker,
        *,
        clock_s: Callable[[], float] | None = None,
        agreement: Agrees | None = None,
    ) -> None:
        """`agreement`: with the breakers of other gateways; None: this one stands alone."""
        self.breaker = breaker
        self.refused = 0
        self._agreement = agreement
        self._inner = inner
        self._clock_s = clock_s or asyncio.get_running_loop().time

    async def request(
        self, method: str, path_and_query: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> UpstreamAnswer | UpstreamFault:
        """The service's outcome, or `LEFT_ALONE`."""
        breaker, agreement = self.breaker, self._agreement
        is_probe = agreement is not None and breaker.state(self._clock_s()) == "half-open"
        if is_probe and agreement is not None and not await agreement.may_probe():
            self.refused += 1
            return LEFT_ALONE
        ticket = breaker.admit(self._clock_s())
        if ticket is None:
            self._tell("give_up", is_probe=is_probe)
            self.refused += 1
            return LEFT_ALONE
        try:
            outcome = await self._inner.request(method, path_and_query, headers=headers, body=body)
        except BaseException:
            breaker.forget(ticket)
            self._tell("give_up", is_probe=is_probe)
            raise
        if not tells_of_service(outcome):
            breaker.forget(ticket)
            self._tell("give_up", is_probe=is_probe)
            return outcome
        opened_before = breaker.opened
        breaker.note(ticket, self._clock_s(), is_good=is_good(outcome))
        self._tell("good" if is_good(outcome) else "bad", is_probe=is_probe)
        if agreement is not None and breaker.opened != opened_before and not is_probe:
            agreement.opened()
        return outcome

    @property
    def state(self) -> State:
        """Of the breaker, now."""
        return self.breaker.state(self._clock_s())

    def _tell(self, word: Literal["good", "bad", "give_up"], *, is_probe: bool) -> None:
        if self._agreement is not None and is_probe:
            self._agreement.tell(word)


def is_good(outcome: UpstreamAnswer | UpstreamFault) -> bool:
    """Whether the service did its part: an answer that is its fault is none."""
    return isinstance(outcome, UpstreamAnswer) and outcome.status < HTTPStatus.INTERNAL_SERVER_ERROR


def tells_of_service(outcome: UpstreamAnswer | UpstreamFault) -> bool:
    """Whether anything is to be learned from it: not when the request had no fair time left."""
    return isinstance(outcome, UpstreamAnswer) or outcome.kind != "deadline"
