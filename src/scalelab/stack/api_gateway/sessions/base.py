"""The boundary between who issues tokens and the engine that remembers which may be renewed and which are revoked.

A session is one login: its refresh token of now, those spent before, and the access tokens that still live. Of a
refresh token only a hash crosses this line. Trouble of the engine is a value, and never means yes.
"""

from dataclasses import dataclass
from typing import Protocol

MAX_SPENT_HASHES = 100
"""Spent refresh tokens that a session knows again. An older one is unknown: refused, but it ends nothing."""
MAX_LIVE_TOKENS = 32
"""Access tokens of one session that live at a time; one more revokes the oldest."""
MAX_SESSIONS_PER_SUBJECT = 1000
"""One more, and the oldest can be renewed no longer."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """An access token that no longer counts. `until_s` is when it ends by itself, leeway included (Unix time)."""

    jti: str
    until_s: float


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login. `token_hash` is that of its first refresh token, `access` its first access token."""

    family: str
    subject: str
    scopes: tuple[str, ...]
    token_hash: str
    access: Revocation
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Renewal:
    """A refresh token is shown (by its hash); the next one and the next access token are ready to take its place."""

    family: str
    token_hash: str
    next_hash: str
    next_access: Revocation
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Renewed:
    """The token was the one of now, and is spent."""

    subject: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The token was spent before: the session is over, and its access tokens are the `revoked`."""

    subject: str
    revoked: tuple[Revocation, ...]


@dataclass(frozen=True, slots=True)
class UnknownRefreshToken:
    """No session has this token: never issued, ended, or too old."""


@dataclass(frozen=True, slots=True)
class SessionFault:
    """The engine could not be asked; whether it did anything is not known."""

    detail: str


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was revoked since a cursor, in order; the cursor to go on from; whether there is no more just now."""

    cursor: str
    items: tuple[Revocation, ...]
    is_all: bool = True


class SessionStore(Protocol):
    """Safe for concurrent use on one event loop. Each method is one atomic step for all gateways."""

    async def begin(self, session: NewSession) -> SessionFault | None:
        """Remember a login for `ttl_s` seconds."""
        ...

    async def renew(self, renewal: Renewal) -> Renewed | Replayed | UnknownRefreshToken | SessionFault:
        """Spend the token of now; a spent one ends its session. Lasts `ttl_s` seconds from here."""
        ...

    async def end(self, family: str, access: Revocation) -> tuple[Revocation, ...] | SessionFault:
        """Revoke an access token, and with it the session `family`, when there is one. Idempotent.

        Returns:
            All that was revoked.
        """
        ...

    async def revocations(self, cursor: str, wait_s: float) -> Revocations | SessionFault:
        """What was revoked since `cursor` (empty: all that still counts); waits up to `wait_s` for news."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
