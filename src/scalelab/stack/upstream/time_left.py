"""The time that the request in hand has left. It travels with it as its id does: each hop is told what is left of it.

A length and not a moment, as gRPC's `grpc-timeout` is one, because the clocks of two machines differ. HTTP has no
field for it; Envoy's `x-envoy-expected-rq-timeout-ms` says the same.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from scalelab.stack.upstream.values import UpstreamFault

_WISH = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,9})?")
FAIR_SHARE = 0.5
"""Of the usual time: who had less and was too late is not to blame for it."""
OUT_OF_TIME = UpstreamFault("deadline", "the time of the request was over before it was sent")

OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True)
class TimeLimit:
    """Of one request, with all that is asked for it."""

    due_s: float
    """When it must be answered, on the event loop's clock."""
    whole_s: float = math.inf
    """What requests have that wish for no less, in seconds; infinite where nothing but the wish limits them."""


_CURRENT: ContextVar[TimeLimit | None] = ContextVar("time_limit", default=None)


def wished_s(values: Iterable[str]) -> float | None:
    """The least that these values of the field say, in seconds; None when none of them can be read. Pure."""
    wishes = [float(value) for value in values if _WISH.fullmatch(value)]
    return min(wishes, default=None)


def limited(now_s: float, whole_s: float, wish_s: float | None) -> TimeLimit | None:
    """What a request gets that comes now; None when nothing limits it. A wish makes it shorter, never longer. Pure.

    Args:
        now_s: on the event loop's clock.
        whole_s: what every request has, in seconds; 0 = no limit.
        wish_s: what its client wishes, in seconds.
    """
    whole_s = whole_s or math.inf
    length_s = whole_s if wish_s is None else min(whole_s, wish_s)
    return None if length_s == math.inf else TimeLimit(now_s + length_s, whole_s)


def said(left_s: float) -> str:
    """The value of the field. Pure."""
    return f"{max(0.0, left_s):.3f}"


def time_limit() -> TimeLimit | None:
    """Of the request in hand."""
    return _CURRENT.get()


def left_s() -> float:
    """Seconds that the request in hand has left; infinite when nothing limits it."""
    limit = _CURRENT.get()
    return math.inf if limit is None else limit.due_s - asyncio.get_running_loop().time()


@contextmanager
def within(limit: TimeLimit | None) -> Iterator[None]:
    """What is asked in the context has this limit, and so have tasks that begin in it."""
    token = _CURRENT.set(limit)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def for_all(fetch: Callable[[], Awaitable[OutcomeT]]) -> Callable[[], Awaitable[OutcomeT]]:
    """A fetch on behalf of all who wait for it: it has the whole time from its start, not what one has left."""

    async def fetch_for_all() -> OutcomeT:
        limit = _CURRENT.get()
        whole_s = 0.0 if limit is None or limit.whole_s == math.inf else limit.whole_s
        with within(limited(asyncio.get_running_loop().time(), whole_s, None)):
            return await fetch()

    return fetch_for_all


async def asked_in_time(ask: Callable[[], Awaitable[OutcomeT]], usual_s: float) -> OutcomeT | UpstreamFault:
    """The outcome, or the fault of who was too late: `timeout`, or `deadline` when there was no fair time for it.

    Args:
        ask: must survive a cancellation without leaking anything.
        usual_s: seconds that the service has for an answer otherwise.
    """
    limit = _CURRENT.get()
    if limit is None:
        return await ask()
    given_s = limit.due_s - asyncio.get_running_loop().time()
    if given_s <= 0:
        return OUT_OF_TIME
    timer = asyncio.timeout_at(limit.due_s)
    try:
        async with timer:
            return await ask()
    except TimeoutError:
        if not timer.expired():
            raise
        is_fair = given_s >= FAIR_SHARE * min(usual_s, limit.whole_s)
        return UpstreamFault(
            "timeout" if is_fair else "deadline", f"no answer within the {given_s:.3f} s that were left"
        )
