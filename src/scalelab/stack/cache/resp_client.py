"""A thin client of Valkey for the request path: one connection, commands pipelined as they come.

One command costs a fraction of what a general client's does, and a burst of thousands costs one write. Replies are
parsed by hiredis. A caller that has stopped waiting leaves its place in the line: the reply is thrown away.
"""

import asyncio
import hashlib
import socket
import ssl
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import hiredis

Argument = bytes | str | int | float
MAX_UNANSWERED = 10_000
"""Commands in the line; beyond them a new one is refused, so that a server that hangs does not fill our memory."""
CONNECT_TIMEOUT_S = 1.0
_DEFAULT_PORT = 6379


class RespError(Exception):
    """Raised when the server answers a command with an error."""


class RespConnectionError(Exception):
    """Raised when there is no connection, or it ended before the reply."""


class RespClient:
    """Talks to one server on one event loop; connects when first used, and again after a loss."""

    def __init__(self, url: str, *, password: str | None = None) -> None:
        """`unix:///path.sock` or `redis[s]://[user:password@]host[:port][/database]`; its password goes first."""
        parts = urlsplit(url)
        if parts.scheme not in {"unix", "redis", "rediss"}:
            raise ValueError(f"{parts.scheme}:// is neither unix:// nor redis:// nor rediss://")
        self._parts = parts
        self._password = unquote(parts.password) if parts.password else password
        self._scripts: list[str] = []
        self._line: _Line | None = None
        self._connecting: asyncio.Task[_Line] | None = None

    async def execute(self, *command: Argument) -> Any:
        """One command's reply, as hiredis gives it (bytes, int, list, None).

        Raises:
            RespError: the server says no.
            RespConnectionError: no connection, or none any longer.
        """
        line = self._line
        if line is None or not line.is_open:
            line = await self._connected()
        return await line.send(command)

    def script(self, text: str) -> Callable[[Sequence[Argument], Sequence[Argument]], Coroutine[Any, Any, Any]]:
        """A Lua script as a function of keys and arguments; taught with each connection, and when it is not known."""
        self._scripts.append(text)
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

        async def run(keys: Sequence[Argument], arguments: Sequence[Argument]) -> Any:
            try:
                return await self.execute("EVALSHA", digest, len(keys), *keys, *arguments)
            except RespError as error:
                if not str(error).startswith("NOSCRIPT"):
                    raise
            return await self.execute("EVAL", text, len(keys), *keys, *arguments)

        return run

    def drop(self) -> None:
        """Give up the connection and all that wait on it: the next command makes a new one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def aclose(self) -> None:
        """Give the connection back."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._line is not None:
            self._line.close()
            await asyncio.sleep(0)  # lets the transport end

    async def _connected(self) -> "_Line":
        """All who need a connection wait for the same attempt; who leaves does not end it."""
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(_retrieve)
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> "_Line":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if self._parts.scheme == "unix":
                    _, line = await loop.create_unix_connection(_Line, self._parts.path)
                else:
                    _, line = await loop.create_connection(
                        _Line,
                        self._parts.hostname or "localhost",
                        self._parts.port or _DEFAULT_PORT,
                        ssl=ssl.create_default_context() if self._parts.scheme == "rediss" else None,
                    )
                await self._greet(line)
        except TimeoutError as error:
            raise RespConnectionError(f"no connection within {CONNECT_TIMEOUT_S} s") from error
        except OSError as error:
            raise RespConnectionError(str(error)) from error
        self._line = line
        return line

    async def _greet(self, line: "_Line") -> None:
        if self._password is not None:
            user = [unquote(self._parts.username)] if self._parts.username else []
            await line.send(("AUTH", *user, self._password))
        database = self._parts.path.strip("/") if self._parts.scheme != "unix" else ""
        if database not in {"", "0"}:
            await line.send(("SELECT", database))
        taught = [line.send(("SCRIPT", "LOAD", text)) for text in self._scripts]  # a first burst need not wait for it
        await asyncio.gather(*taught, return_exceptions=True)


class _Line(asyncio.Protocol):
    """One connection: commands go out together at the end of the loop's turn, replies come back in their order."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._outgoing: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    def send(self, command: Sequence[Argument]) -> "asyncio.Future[Any]":
        """Put a command into the line; the future is its reply."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if not self.is_open:
            reply.set_exception(RespConnectionError("connection lost"))
            return reply
        if len(self._waiting) >= MAX_UNANSWERED:
            reply.set_exception(RespConnectionError(f"{MAX_UNANSWERED} commands are unanswered"))
            return reply
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        packed = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]  # its stub wants one type for all
        self._outgoing.append(packed)
        self._waiting.append(reply)
        return reply

    def close(self) -> None:
        """Break off; whoever waits gets an error."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Transport callback."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None and raw.family in {socket.AF_INET, socket.AF_INET6}:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Transport callback."""
        self._reader.feed(data)
        try:
            while self._waiting and (reply := self._reader.gets()) is not False:
                self._settle(reply)
            if not self._waiting and self._reader.has_data():
                self.close()  # a reply that nobody asked for: whose the next ones are can no longer be told
        except (hiredis.ProtocolError, ValueError):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Transport callback."""
        self.is_open = False
        while self._waiting:
            self._settle(RespConnectionError("connection lost" if exc is None else str(exc)))

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self._transport is not None and self.is_open:
            self._transport.write(b"".join(outgoing))

    def _settle(self, reply: Any) -> None:
        waiting = self._waiting.popleft()
        if waiting.done():
            return  # its caller has stopped waiting
        if isinstance(reply, hiredis.ReplyError):
            waiting.set_exception(RespError(str(reply)))
        elif isinstance(reply, Exception):
            waiting.set_exception(reply)
        else:
            waiting.set_result(reply)


def _retrieve(attempt: "asyncio.Task[_Line]") -> None:
    """An attempt that nobody waits for any longer may fail in silence: the next command tries again."""
    if not attempt.cancelled():
        attempt.exception()
