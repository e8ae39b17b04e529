"""The engine on a Valkey (or Redis) server, shared by all gateways. Every call is bounded; trouble is a value."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from scalelab.stack.api_gateway.sessions import scripts
from scalelab.stack.api_gateway.sessions.base import (
    NewSession,
    Renewal,
    Renewed,
    Replayed,
    Revocation,
    Revocations,
    SessionFault,
    UnknownRefreshToken,
)

CALL_TIMEOUT_S = 0.5
PAGE = 1000
"""Revocations that are read at a time."""
_SERVER_CLOCK = -1


class ValkeySessionStore:
    """A `SessionStore`. Connects when first used."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        keep_revoked_s: float,
        *,
        clock_s: Callable[[], float] | None = None,
        call_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        """Takes the client over.

        Args:
            client: decodes responses and sends nothing twice.
            keep_revoked_s: longest life of an access token, leeway included.
            clock_s: Unix time; None takes the server's, which all gateways share.
            call_timeout_s: bound of a call, connecting included.
        """
        self._client = client
        self._keep_revoked_ms = round(keep_revoked_s * 1000)
        self._clock_s = clock_s
        self._call_timeout_s = call_timeout_s
        self._begin = client.register_script(scripts.BEGIN)
        self._renew = client.register_script(scripts.RENEW)
        self._end = client.register_script(scripts.END)

    async def begin(self, session: NewSession) -> SessionFault | None:
        """See `SessionStore.begin`."""
        scopes, access = " ".join(session.scopes), session.access
        answer = await self._run(
            self._begin,
            *(session.family, session.subject, scopes, session.token_hash),
            *(access.jti, _ms(access.until_s), _ms(session.ttl_s)),
        )
        return answer if isinstance(answer, SessionFault) else None

    async def renew(self, renewal: Renewal) -> Renewed | Replayed | UnknownRefreshToken | SessionFault:
        """See `SessionStore.renew`."""
        access = renewal.next_access
        answer = await self._run(
            self._renew,
            *(renewal.family, renewal.token_hash, renewal.next_hash),
            *(access.jti, _ms(access.until_s), _ms(renewal.ttl_s)),
        )
        match answer:
            case ["renewed", str(subject), str(scopes)]:
                return Renewed(subject, tuple(scopes.split()))
            case ["replayed", str(subject), str(ended)]:
                return Replayed(subject, _revocations(ended))
            case ["unknown"]:
                return UnknownRefreshToken()
            case SessionFault():
                return answer
        return SessionFault(f"an answer of another kind: {type(answer).__name__}")

    async def end(self, family: str, access: Revocation) -> tuple[Revocation, ...] | SessionFault:
        """See `SessionStore.end`."""
        answer = await self._run(self._end, family, access.jti, _ms(access.until_s))
        return answer if isinstance(answer, SessionFault) else (access, *_revocations(str(answer)))

    async def revocations(self, cursor: str, wait_s: float) -> Revocations | SessionFault:
        """See `SessionStore.revocations`."""
        wait_ms = max(1, round(wait_s * 1000))
        reading = self._client.xread({scripts.REVOKED_KEY: cursor or "0"}, count=PAGE, block=wait_ms)
        answer = await self._bounded(reading, wait_s + self._call_timeout_s)
        if isinstance(answer, SessionFault):
            return answer
        entries = answer[0][1] if answer else []
        items = tuple(one for _, fields in entries if (one := _revocation(fields)) is not None)
        return Revocations(entries[-1][0] if entries else cursor, items, is_all=len(entries) < PAGE)

    async def aclose(self) -> None:
        """See `SessionStore.aclose`."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()

    async def _run(self, script: Any, *arguments: str | int) -> Any:
        now_ms = _SERVER_CLOCK if self._clock_s is None else _ms(self._clock_s())
        return await self._bounded(
            script(keys=[], args=[now_ms, self._keep_revoked_ms, *arguments]), self._call_timeout_s
        )

    async def _bounded(self, call: Awaitable[Any], limit_s: float) -> Any:
        """The answer of `call`, or a fault; the one place where the client's exceptions are known."""
        try:
            async with asyncio.timeout(limit_s):
                return await call
        except TimeoutError:
            return SessionFault(f"no answer within {limit_s} s")
        except (RedisError, OSError) as error:
            return SessionFault(f"{type(error).__name__}: {error}")


def _revocations(access: str) -> tuple[Revocation, ...]:
    """What a script says of a session's access tokens."""
    pairs = (one.partition(" ") for one in access.split(",") if one)
    return tuple(Revocation(jti, int(until_ms) / 1000) for jti, _, until_ms in pairs)


def _revocation(fields: Mapping[str, str]) -> Revocation | None:
    """None for a foreign entry, which must not hide those of ours that follow."""
    try:
        return Revocation(fields["jti"], int(fields["until_ms"]) / 1000)
    except (KeyError, ValueError):
        return None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
