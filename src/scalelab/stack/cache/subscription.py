"""One subscription to channels of a Valkey server, on a connection of its own. Silence is asked about."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

CONNECT_TIMEOUT_S = 1.0
SILENCE_S = 1.0
"""After so long without a byte the server is asked whether it is there; after twice as long the line is lost."""
_DEFAULT_PORT = 6379
_READ_BYTES = 64 * 1024


async def subscribed(
    url: str, channels: Sequence[str], *, password: str | None = None
) -> AsyncGenerator[tuple[str, bytes] | None, None]:
    """Channel and message of whatever is published: first None, when every channel is subscribed to.

    Ends, without an exception, when there is no connection or none any longer.
    """
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await _connected(url)
    except (OSError, TimeoutError):
        return
    try:
        subscribe: tuple[Any, ...] = ("SUBSCRIBE", *channels)
        for command in (*_greeting(url, password), subscribe):
            writer.write(hiredis.pack_command(command))
        missing = set(channels)
        async for reply in _replies(reader, writer):
            match reply:
                case [b"message", bytes() as channel, bytes() as text]:
                    yield channel.decode(), text
                case [b"subscribe", bytes() as channel, _]:
                    missing.discard(channel.decode())
                    if not missing:
                        yield None
                case hiredis.ReplyError():
                    return
    except OSError:
        return
    finally:
        writer.close()


async def _replies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncGenerator[Any, None]:
    parser = hiredis.Reader()
    is_asked = False
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                data = await reader.read(_READ_BYTES)
        except TimeoutError:
            if is_asked:
                return
            writer.write(hiredis.pack_command(("PING",)))
            is_asked = True
            continue
        if not data:
            return
        is_asked = False
        parser.feed(data)
        try:
            while (reply := parser.gets()) is not False:
                yield reply
        except hiredis.ProtocolError:
            return


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return await asyncio.open_unix_connection(parts.path)
    return await asyncio.open_connection(parts.hostname or "localhost", parts.port or _DEFAULT_PORT)


def _greeting(url: str, password: str | None) -> list[tuple[Any, ...]]:
    parts = urlsplit(url)
    secret = unquote(parts.password) if parts.password else password
    if secret is None:
        return []
    user = [unquote(parts.username)] if parts.username else []
    return [("AUTH", *user, secret)]
