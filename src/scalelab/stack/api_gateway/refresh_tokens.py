"""What a refresh token is: the id of its session and a secret. Pure; only its hash is ever stored."""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

_FORM = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class RefreshToken:
    """One refresh token; `text` is the secret as its client holds it."""

    family: str
    text: str

    def __repr__(self) -> str:
        return f"<refresh token of session {self.family}>"

    @property
    def digest(self) -> str:
        """What may be stored: 64 hexadecimal digits. The secret has 256 bits, so that a fast hash will do."""
        return sha256(self.text.encode()).hexdigest()


def new_refresh_token(family: str) -> RefreshToken:
    """Another one for the session `family`."""
    return RefreshToken(family, f"{family}.{secrets.token_urlsafe(32)}")


def new_family() -> str:
    """The id of a new session."""
    return secrets.token_hex(16)


def parse_refresh_token(text: str) -> RefreshToken | None:
    """The token, or None for what never was one."""
    match = _FORM.fullmatch(text)
    return None if match is None else RefreshToken(match[1], text)
