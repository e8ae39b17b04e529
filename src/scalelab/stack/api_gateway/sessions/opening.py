"""Chooses the engine by the address of the cache server, as the settings give it."""

from collections.abc import Callable
from pathlib import Path
from time import time

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from scalelab.stack.api_gateway.sessions.base import SessionStore
from scalelab.stack.api_gateway.sessions.memory import MemorySessionStore
from scalelab.stack.api_gateway.sessions.valkey import CALL_TIMEOUT_S, ValkeySessionStore
from scalelab.stack.service_kit.cannot_start import CannotStartError

MEMORY_URL = "memory:"
_CONNECTIONS = 16


def open_sessions(
    url: str, *, password_file: Path | None, keep_revoked_s: float, clock_s: Callable[[], float] = time
) -> SessionStore:
    """The engine for `url`; connects on first use.

    Args:
        url: `memory:`, `unix:///path.sock` or `redis://host:port/0`.
        password_file: holds the server's password, if it has one.
        keep_revoked_s: longest life of an access token, leeway included.
        clock_s: Unix time for the engine in memory; a server has its own.

    Raises:
        CannotStartError: none of these forms, or the password file cannot be read.
    """
    client = server_client(url, password_file)
    return MemorySessionStore(clock_s) if client is None else ValkeySessionStore(client, keep_revoked_s)


def server_client(url: str, password_file: Path | None) -> "redis.asyncio.Redis | None":
    """A client of the cache server that sends nothing twice; None for `memory:`. Raises as `open_sessions`."""
    if url == MEMORY_URL:
        return None
    try:
        password = {} if password_file is None else {"password": password_file.read_text(encoding="utf-8").strip()}
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            **password,
            decode_responses=True,
            max_connections=_CONNECTIONS,
            timeout=CALL_TIMEOUT_S,
            socket_connect_timeout=CALL_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # a refresh token must not be spent twice behind the caller's back
        )
    except OSError as error:
        raise CannotStartError(f"cache_password_file = {password_file} cannot be read: {error}") from error
    except ValueError as error:
        raise CannotStartError(f"cache_url is neither unix:///path nor redis://host:port/0: {error}") from error
    return redis.asyncio.Redis.from_pool(pool)
