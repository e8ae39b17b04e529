"""The engine in this process: sessions of one gateway alone, gone with it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from scalelab.stack.api_gateway.sessions.base import (
    MAX_LIVE_TOKENS,
    MAX_SESSIONS_PER_SUBJECT,
    MAX_SPENT_HASHES,
    NewSession,
    Renewal,
    Renewed,
    Replayed,
    Revocation,
    Revocations,
    SessionFault,
    UnknownRefreshToken,
)


@dataclass
class _Session:
    subject: str
    scopes: tuple[str, ...]
    current: str
    expires_at_s: float
    access: list[Revocation]
    spent: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_SPENT_HASHES))


class MemorySessionStore:
    """A `SessionStore`."""

    def __init__(self, clock_s: Callable[[], float] = time) -> None:
        self._clock_s = clock_s
        self._sessions: dict[str, _Session] = {}
        self._revoked: deque[tuple[int, Revocation]] = deque()
        self._last = 0
        self._has_news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<sessions in memory: {len(self._sessions)}, {len(self._revoked)} revoked tokens>"

    async def begin(self, session: NewSession) -> SessionFault | None:
        """See `SessionStore.begin`."""
        now_s = self._clock_s()
        self._sweep(now_s)
        of_subject = [family for family, one in self._sessions.items() if one.subject == session.subject]
        for family in of_subject[: max(0, len(of_subject) + 1 - MAX_SESSIONS_PER_SUBJECT)]:
            del self._sessions[family]
        self._sessions[session.family] = _Session(
            session.subject, session.scopes, session.token_hash, now_s + session.ttl_s, [session.access]
        )
        return None

    async def renew(self, renewal: Renewal) -> Renewed | Replayed | UnknownRefreshToken | SessionFault:
        """See `SessionStore.renew`."""
        now_s = self._clock_s()
        self._sweep(now_s)
        session = self._sessions.get(renewal.family)
        if session is None:
            return UnknownRefreshToken()
        if renewal.token_hash in session.spent:
            return Replayed(session.subject, self._end(renewal.family))
        if renewal.token_hash != session.current:
            return UnknownRefreshToken()
        session.spent.append(session.current)
        session.current, session.expires_at_s = renewal.next_hash, now_s + renewal.ttl_s
        session.access = [one for one in session.access if one.until_s > now_s] + [renewal.next_access]
        while len(session.access) > MAX_LIVE_TOKENS:
            self._revoke(session.access.pop(0))
        return Renewed(session.subject, session.scopes)

    async def end(self, family: str, access: Revocation) -> tuple[Revocation, ...] | SessionFault:
        """See `SessionStore.end`."""
        self._revoke(access)
        return (access, *self._end(family))

    async def revocations(self, cursor: str, wait_s: float) -> Revocations | SessionFault:
        """See `SessionStore.revocations`."""
        after = int(cursor or 0)
        if after >= self._last:
            self._has_news.clear()
            try:
                await asyncio.wait_for(self._has_news.wait(), wait_s)
            except TimeoutError:
                return Revocations(str(max(after, self._last)), ())
        return Revocations(str(self._last), tuple(one for number, one in self._revoked if number > after))

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _end(self, family: str) -> tuple[Revocation, ...]:
        session = self._sessions.pop(family, None)
        revoked = tuple(session.access) if session is not None else ()
        for one in revoked:
            self._revoke(one)
        return revoked

    def _revoke(self, access: Revocation) -> None:
        if access.until_s > self._clock_s():
            self._last += 1
            self._revoked.append((self._last, access))
            self._has_news.set()

    def _sweep(self, now_s: float) -> None:
        for family in [family for family, one in self._sessions.items() if one.expires_at_s <= now_s]:
            del self._sessions[family]
        self._revoked = deque((number, one) for number, one in self._revoked if one.until_s > now_s)
