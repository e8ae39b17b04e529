"""Gives out tokens: at a login, for a refresh token; and ends them. Knows sessions and keys, and no HTTP."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import time

import structlog

from scalelab.contracts.records import AccountRecord
from scalelab.stack.api_gateway.key_ring import KeyRing
from scalelab.stack.api_gateway.priority_classes import parted
from scalelab.stack.api_gateway.refresh_tokens import new_family, new_refresh_token, parse_refresh_token
from scalelab.stack.api_gateway.revocation import RevokedTokens
from scalelab.stack.api_gateway.sessions import (
    NewSession,
    Renewal,
    Renewed,
    Replayed,
    Revocation,
    SessionFault,
    SessionStore,
)
from scalelab.stack.api_gateway.tokens import TokenRules, VerifiedToken, new_token_id, sign_token


@dataclass(frozen=True)
class IssuedTokens:
    """What a client gets. `refresh` is empty when its session could not be remembered."""

    access: str
    lifetime_s: float
    refresh: str

    def document(self) -> dict[str, object]:
        """RFC 6749, section 5.1."""
        document = {"access_token": self.access, "token_type": "Bearer", "expires_in": int(self.lifetime_s)}
        return document | ({"refresh_token": self.refresh} if self.refresh else {})


class TokenIssuer:
    """One gateway's."""

    def __init__(
        self,
        keys: KeyRing,
        rules: TokenRules,
        sessions: SessionStore,
        revoked: RevokedTokens,
        *,
        refresh_lifetime_s: float,
        clock_s: Callable[[], float] = time,
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._sessions = sessions
        self._revoked = revoked
        self._refresh_lifetime_s = refresh_lifetime_s
        self._clock_s = clock_s

    async def begin(self, account: AccountRecord) -> IssuedTokens:
        """Tokens of a new login. Without the session store there is no refresh token, but a login all the same."""
        refresh = new_refresh_token(new_family())
        access = self._next_access()
        session = NewSession(
            refresh.family, account.username, account.scopes, refresh.digest, access, self._refresh_lifetime_s
        )
        fault = await self._sessions.begin(session)
        if fault is not None:
            structlog.get_logger().warning("session_not_stored", detail=fault.detail)
            return self._issued(access, account.username, account.scopes)
        return self._issued(access, account.username, account.scopes, refresh.family, refresh.text)

    async def renew(self, shown: str) -> IssuedTokens | SessionFault | None:
        """The next tokens for a refresh token; None for one that does not count."""
        refresh = parse_refresh_token(shown)
        if refresh is None:
            return None
        following, access = new_refresh_token(refresh.family), self._next_access()
        outcome = await self._sessions.renew(
            Renewal(refresh.family, refresh.digest, following.digest, access, self._refresh_lifetime_s)
        )
        match outcome:
            case Renewed():
                return self._issued(access, outcome.subject, outcome.scopes, refresh.family, following.text)
            case Replayed():
                structlog.get_logger().warning("refresh_token_replayed", family=refresh.family)
                self._revoke_here(outcome.revoked)
            case SessionFault():
                return outcome
        return None

    async def end(self, token: VerifiedToken) -> SessionFault | None:
        """Log out: this access token and all of its session. Here at once, elsewhere as soon as it is heard."""
        revocation = Revocation(token.jti, token.expires_at_s + self._rules.leeway_s)
        outcome = await self._sessions.end(token.family, revocation)
        if isinstance(outcome, SessionFault):
            return outcome
        self._revoke_here(outcome)
        return None

    def _revoke_here(self, revocations: Iterable[Revocation]) -> None:
        """Before the answer; the follower would hear of it a moment later."""
        for revocation in revocations:
            self._revoked.add(revocation)

    def _next_access(self) -> Revocation:
        """The id of the next access token, and when it will have ended everywhere."""
        return Revocation(new_token_id(), self._clock_s() + self._rules.lifetime_s + self._rules.leeway_s)

    def _issued(
        self, access: Revocation, subject: str, scopes: Iterable[str], family: str = "", refresh: str = ""
    ) -> IssuedTokens:
        priority, allowed = parted(scopes)
        token = sign_token(
            subject,
            self._keys.active,
            self._rules,
            self._clock_s(),
            scopes=allowed,
            family=family,
            jti=access.jti,
            priority=priority,
        )
        return IssuedTokens(token, self._rules.lifetime_s, refresh)
