"""Which access tokens are revoked: this gateway's copy, and the follower that keeps it up with all the others'.

The copy forgets an entry when its token has ended by itself, never because the server forgot.
"""

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic, time
from typing import Literal, Protocol

import structlog

from scalelab.stack.api_gateway.sessions import Revocation, Revocations, SessionFault, SessionStore

WAIT_S = 0.25
"""Longest silence of the follower while all is well."""
BLIND_AFTER_S = 1.0
"""Without word from the server for so long, this gateway cannot know of revocations elsewhere."""
RETRY_S = 0.1
FIRST_READ_LIMIT_S = 2.0


class RevocationListener(Protocol):
    """Whoever remembers something about tokens."""

    def on_revoked(self, jti: str) -> None:
        """This token no longer counts: forget it at once. Must not fail."""
        ...


class RevokedTokens:
    """The copy. One event loop only."""

    def __init__(self, clock_s: Callable[[], float] = time) -> None:
        self._clock_s = clock_s
        self._listeners: list[RevocationListener] = []
        self._known: set[str] = set()
        self._by_end: list[tuple[float, str]] = []

    def __repr__(self) -> str:
        return f"<revoked tokens: {len(self._known)}>"

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, jti: str) -> bool:
        return jti in self._known

    def all(self) -> tuple[Revocation, ...]:
        """Those that still count."""
        now_s = self._clock_s()
        return tuple(Revocation(jti, until_s) for until_s, jti in self._by_end if until_s > now_s)

    def tell(self, listener: RevocationListener) -> None:
        """From now on `listener` hears of each revocation, once."""
        self._listeners.append(listener)

    def add(self, revocation: Revocation) -> None:
        """Idempotent; a token that has ended by itself is not kept."""
        now_s = self._clock_s()
        while self._by_end and self._by_end[0][0] <= now_s:
            self._known.discard(heapq.heappop(self._by_end)[1])
        if revocation.until_s <= now_s or revocation.jti in self._known:
            return
        self._known.add(revocation.jti)
        heapq.heappush(self._by_end, (revocation.until_s, revocation.jti))
        for listener in self._listeners:
            listener.on_revoked(revocation.jti)


WhenUnreachable = Literal["accept", "refuse"]


class RevocationFollower:
    """Reads what any gateway revoked, as it happens.

    After an outage it reads everything again, and gives a server that has lost something back what is known here.
    """

    def __init__(
        self,
        store: SessionStore,
        revoked: RevokedTokens,
        *,
        on_blind: Callable[[], None] = lambda: None,
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """`on_blind` is called once in each outage, when this gateway has become blind."""
        self._store = store
        self._on_blind = on_blind
        self._revoked = revoked
        self._clock_s = clock_s
        self._cursor = ""
        self._heard_at_s: float | None = None
        self._is_up_to_date = False
        self._is_out = False
        self._was_told_blind = False
        self._unconfirmed: dict[str, Revocation] = {}
        """Known here, and not yet read again since an outage."""

    @property
    def is_blind(self) -> bool:
        """Whether revocations elsewhere may have been missed."""
        return self.silence_s > BLIND_AFTER_S

    @property
    def silence_s(self) -> float:
        """Time since the server was last heard; infinite before the first time."""
        return float("inf") if self._heard_at_s is None else self._clock_s() - self._heard_at_s

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follows while the context is open. Everything known to the server is known here when it begins."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_READ_LIMIT_S):
                while await self.read(wait_s=0.001) and not self._is_up_to_date:
                    pass
        task = asyncio.create_task(self._follow(), name="revocations")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def read(self, wait_s: float) -> bool:
        """One look; whether the server answered."""
        outcome = await self._store.revocations(self._cursor, wait_s)
        if isinstance(outcome, SessionFault):
            self._missed(outcome)
            return False
        self._heard(outcome)
        if outcome.is_all and self._unconfirmed:
            await self._give_back()
        return True

    async def _follow(self) -> None:
        while True:
            if not await self.read(WAIT_S):
                await asyncio.sleep(RETRY_S)

    async def _give_back(self) -> None:
        structlog.get_logger().warning("revocations_given_back", count=len(self._unconfirmed))
        while self._unconfirmed:
            jti, revocation = next(iter(self._unconfirmed.items()))
            fault = await self._store.end("", revocation)
            if isinstance(fault, SessionFault):
                return self._missed(fault)
            self._unconfirmed.pop(jti, None)
        return None

    def _heard(self, news: Revocations) -> None:
        for revocation in news.items:
            self._revoked.add(revocation)
            self._unconfirmed.pop(revocation.jti, None)
        self._cursor = news.cursor
        self._is_up_to_date = news.is_all
        if not news.is_all:
            return
        self._heard_at_s = self._clock_s()
        self._was_told_blind = False
        if self._is_out:
            self._is_out = False
            structlog.get_logger().info("revocations_heard_again", known=len(self._revoked))

    def _missed(self, fault: SessionFault) -> None:
        self._cursor = ""  # a server that comes back may have lost what came before, or have it with other cursors
        self._is_up_to_date = False
        self._unconfirmed = {one.jti: one for one in self._revoked.all()}
        if not self._is_out:
            self._is_out = True
            structlog.get_logger().warning("revocations_unheard", detail=fault.detail)
        if self.is_blind and not self._was_told_blind:
            self._was_told_blind = True
            self._on_blind()


class RevocationCheck:
    """What to do with a token: whether it is revoked, and whether that can be known at all."""

    def __init__(
        self,
        revoked: RevokedTokens,
        follower: RevocationFollower,
        when_unreachable: WhenUnreachable,
        *,
        on_unchecked: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_unchecked` is called for each token that is let in although revocations are unheard."""
        self._revoked = revoked
        self._follower = follower
        self._when_unreachable = when_unreachable
        self._on_unchecked = on_unchecked

    def is_revoked(self, jti: str) -> bool:
        """As far as is known here."""
        return jti in self._revoked

    def certain_for_s(self) -> float:
        """For how long `lets_in` need not be asked again."""
        return max(0.0, BLIND_AFTER_S - self._follower.silence_s)

    def lets_in(self) -> bool:
        """Whether tokens count now. Called once for each request with a good one."""
        if not self._follower.is_blind:
            return True
        if self._when_unreachable == "refuse":
            return False
        self._on_unchecked()
        return True
