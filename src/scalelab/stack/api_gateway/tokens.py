"""Signs tokens and says whether one is good. Pure: the clock is an argument, a bad token is a value.

The algorithm is the key's. Of the header only `kid` chooses anything, and only among the keys at hand: `jwk`,
`jku`, `x5c` and the like are never read, and nothing is ever fetched.
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from scalelab.contracts.priorities import PRIORITIES, PRIORITY_CLAIM, Priority
from scalelab.stack.api_gateway.token_keys import SigningKey, VerificationKey

MAX_TOKEN_BYTES = 8192
MAX_TIME_S = 1e12
"""Larger times are not dates but attacks on arithmetic."""
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_VERIFIER = jwt.PyJWS()


@dataclass(frozen=True)
class TokenRules:
    """What every token of this stack says, and how far clocks may differ."""

    issuer: str
    audience: str
    lifetime_s: float
    leeway_s: float


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token whose signature and claims were good. Times are Unix times."""

    subject: str
    jti: str
    """Its own id: what a revocation names."""
    kid: str
    not_before_s: float
    expires_at_s: float
    family: str = ""
    """The login it comes from; empty when it came from none. Revoking the family ends all of its tokens."""
    scopes: frozenset[str] = frozenset()
    priority: Priority = "normal"

    def is_current(self, now_s: float, leeway_s: float) -> bool:
        """Whether the token counts at `now_s`; it ends exactly at its expiry plus the leeway."""
        return self.not_before_s - leeway_s <= now_s < self.expires_at_s + leeway_s


def new_token_id() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def sign_token(
    subject: str,
    key: SigningKey,
    rules: TokenRules,
    now_s: float,
    *,
    scopes: Iterable[str] = (),
    family: str = "",
    jti: str = "",
    priority: Priority = "normal",
) -> str:
    """A token for `subject` with an id of its own (or `jti`), good from now on for the rules' lifetime."""
    claims = {
        "iss": rules.issuer,
        "aud": rules.audience,
        "sub": subject,
        "jti": jti or new_token_id(),
        "iat": int(now_s),
        "nbf": int(now_s),
        "exp": int(now_s + rules.lifetime_s),
        "scope": " ".join(sorted(scopes)),
        **({"sid": family} if family else {}),
        **({PRIORITY_CLAIM: priority} if priority != "normal" else {}),
    }
    verification = key.verification
    return jwt.encode(claims, key.material, algorithm=verification.algorithm, headers={"kid": verification.kid})


def verify_token(
    token: str, keys: Mapping[str, VerificationKey], rules: TokenRules, now_s: float
) -> VerifiedToken | None:
    """What the token says, or None when anything at all is wrong with it."""
    if len(token) > MAX_TOKEN_BYTES:
        return None
    segments = _COMPACT.fullmatch(token)
    if segments is None or not _is_canonical(segments[3]):
        return None
    header = _json_object(segments[1])
    if header is None or "crit" in header or "b64" in header:
        return None
    kid = header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None or header.get("alg") != key.algorithm or now_s >= key.verify_until_s:
        return None
    try:
        _VERIFIER.decode(token, key.material, algorithms=[key.algorithm])
    except jwt.InvalidTokenError:
        return None
    claims = _json_object(segments[2])
    return None if claims is None else _judge(claims, key, rules, now_s)


def _judge(claims: Mapping[str, Any], key: VerificationKey, rules: TokenRules, now_s: float) -> VerifiedToken | None:
    """Every claim but scope, family and priority is required; issuer and audience are compared as whole strings."""
    if claims.get("iss") != rules.issuer or claims.get("aud") != rules.audience:
        return None
    times_s = [claims.get(name) for name in ("iat", "nbf", "exp")]
    names = [claims.get("sub"), claims.get("jti"), claims.get("sid", "none")]
    scope = claims.get("scope", "")
    priority = claims.get(PRIORITY_CLAIM, "normal")
    if not isinstance(scope, str) or priority not in PRIORITIES:
        return None
    if not all(_is_time(time_s) for time_s in times_s) or not all(isinstance(name, str) and name for name in names):
        return None
    issued_at_s, not_before_s, expires_at_s = (float(time_s) for time_s in times_s if time_s is not None)
    verified = VerifiedToken(
        claims["sub"],
        claims["jti"],
        key.kid,
        not_before_s,
        min(expires_at_s, key.verify_until_s - rules.leeway_s),
        family=claims.get("sid", ""),
        scopes=frozenset(scope.split()),
        priority=priority,
    )
    is_from_the_future = issued_at_s > now_s + rules.leeway_s
    return verified if verified.is_current(now_s, rules.leeway_s) and not is_from_the_future else None


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TIME_S


def _is_canonical(segment: str) -> bool:
    """Whether no other spelling of the last character means the same bytes: one signature, one token."""
    try:
        return urlsafe_b64encode(_decoded(segment)).rstrip(b"=") == segment.encode()
    except ValueError:
        return False


def _json_object(segment: str) -> dict[str, Any] | None:
    """The object in a segment; None for anything else, and for a name that stands twice."""
    try:
        value = json.loads(_decoded(segment), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members
