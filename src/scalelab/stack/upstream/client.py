"""Requests to one upstream: a deadline on each, at most one replay, and faults as values."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import structlog

from scalelab.contracts.http_names import REQUEST_ID_HEADER, REQUEST_TIMEOUT_HEADER
from scalelab.stack.upstream.call import Asker, Call
from scalelab.stack.upstream.connection import Connection
from scalelab.stack.upstream.deadlines import Deadlines
from scalelab.stack.upstream.exchange import Exchange
from scalelab.stack.upstream.pool import ConnectionPool
from scalelab.stack.upstream.request_head import request_head
from scalelab.stack.upstream.streamed_body import ConnectionBody
from scalelab.stack.upstream.time_left import asked_in_time, left_s, said
from scalelab.stack.upstream.tls import tls_context
from scalelab.stack.upstream.values import StreamedAnswer, UpstreamAnswer, UpstreamFault

CONNECT_TIMEOUT_S = 2.0
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Largest body that is collected whole; a streamed one has no bound."""
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_DEFAULT_PORTS = {"http": 80, "https": 443}

Body = bytes | AsyncIterator[bytes] | None


class UpstreamClient:
    """One upstream service. Safe for concurrent use on one event loop; an async context manager."""

    def __init__(
        self,
        base_url: str,
        timeout_s: float,
        *,
        clock: Callable[[], float] | None = None,
        is_kept_alive: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: whose certificates are believed, for an `https` address; None: the machine's."""
        parts = urlsplit(base_url)
        if parts.scheme not in _DEFAULT_PORTS or parts.hostname is None or parts.path.strip("/"):
            raise ValueError(f"{base_url!r} is not of the form http://host:port")
        self.host = parts.netloc
        """What Host says."""
        self._timeout_s = timeout_s
        self._deadlines = Deadlines(timeout_s)
        self._pool = ConnectionPool(
            parts.hostname,
            parts.port or _DEFAULT_PORTS[parts.scheme],
            clock=clock or asyncio.get_running_loop().time,
            is_kept_alive=is_kept_alive,
            tls=(tls or tls_context()) if parts.scheme == "https" else None,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Break every connection off."""
        self._pool.close()
        self._deadlines.close()
        await asyncio.sleep(0)  # lets the transports end

    def call(self, head: bytes, asker: Asker) -> Call | None:
        """Send a GET's head, as `request_head` would write it, on a connection that is kept; None when none is."""
        kept = self._pool.take_idle()
        if kept is None:
            return None
        call = Call(kept, self._pool, self._deadlines, asker, MAX_BODY_BYTES)
        call.send(head)
        return call

    async def request(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: bytes | None = None,
    ) -> UpstreamAnswer | UpstreamFault:
        """One request and its whole answer; the id of the request in hand travels with it, and the time that is left.

        Args:
            method: HTTP method.
            path_and_query: already encoded.
            headers: further request fields.
            body: request body, if any.
        """
        sent, framing = self._of_request_in_hand(_pairs(headers)), _framing(method, body)
        head = request_head(method, path_and_query, self.host, sent, framing)
        return await asked_in_time(lambda: self._ask_once_or_again(method, head, body), self._timeout_s)

    async def _ask_once_or_again(
        self, method: str, head: bytes, body: bytes | None
    ) -> UpstreamAnswer | UpstreamFault:
        until_s = asyncio.get_running_loop().time() + self._timeout_s
        kept = self._pool.take_idle()
        if kept is not None:
            exchange = await self._ask(kept, method, head, body)
            if exchange.fault is None:
                self._pool.give_back(kept)
                return UpstreamAnswer(exchange.status, exchange.headers, exchange.body)
            kept.close()
            if exchange.is_expired:
                return self._too_late()
            if exchange.has_any_byte or method not in _IDEMPOTENT:
                return UpstreamFault("broken", exchange.fault)
            # the upstream closed an idle connection just then: once more on a fresh one
        return await self._ask_on_a_fresh_one(method, head, body, until_s)

    async def request_afresh(self, head: bytes) -> UpstreamAnswer | UpstreamFault:
        """The same request as `call`'s, once, on a connection of its own."""
        return await self._ask_on_a_fresh_one("GET", head, None, asyncio.get_running_loop().time() + self._timeout_s)

    async def _ask(self, connection: Connection, method: str, head: bytes, body: bytes | None) -> Exchange:
        exchange = Exchange(is_head_request=method == "HEAD", is_streamed=False, max_body_bytes=MAX_BODY_BYTES)
        self._deadlines.begin(exchange)
        try:
            connection.start(exchange, head, body)
            await exchange.arrived
        except BaseException:
            connection.close()  # cancelled: what may still come belongs to nobody
            raise
        finally:
            self._deadlines.end(exchange)
        return exchange

    async def _ask_on_a_fresh_one(
        self, method: str, head: bytes, body: bytes | None, until_s: float
    ) -> UpstreamAnswer | UpstreamFault:
        try:
            async with asyncio.timeout_at(until_s):
                opened = await self._open()
                if isinstance(opened, UpstreamFault):
                    return opened
                exchange = await self._ask(opened, method, head, body)
        except TimeoutError:
            return self._too_late()
        if exchange.fault is None:
            self._pool.give_back(opened)
            return UpstreamAnswer(exchange.status, exchange.headers, exchange.body)
        opened.close()
        return self._too_late() if exchange.is_expired else UpstreamFault("broken", exchange.fault)

    def _too_late(self) -> UpstreamFault:
        return UpstreamFault("timeout", f"no answer within {self._timeout_s} s")

    async def stream(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: Body = None,
        body_bytes: int | None = None,
    ) -> StreamedAnswer | UpstreamFault:
        """One request whose body and answer may be of any length.

        An iterated body is sent in chunks, unless `body_bytes` says how long it is.

        The timeout holds for each piece of the request's body, for the answer's head after it, and for each piece
        of the answer's body, which must be read to its end or closed. What the request in hand has left holds for
        all that comes before the answer's body.
        """

        async def converse() -> tuple[Connection, Exchange] | UpstreamFault:
            return await self._exchange(method, path_and_query, headers, body, body_bytes)

        try:
            reached = await asked_in_time(converse, self._timeout_s)
        except TimeoutError:
            return self._too_late()
        if isinstance(reached, UpstreamFault):
            return reached
        connection, exchange = reached
        return StreamedAnswer(
            exchange.status, exchange.headers, ConnectionBody(self._pool, connection, exchange, self._timeout_s)
        )

    async def _exchange(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: Body,
        body_bytes: int | None,
    ) -> tuple[Connection, Exchange] | UpstreamFault:
        framing = _framing(method, body) if body_bytes is None else ("Content-Length", str(body_bytes))
        head = request_head(method, target, self.host, self._of_request_in_hand(headers), framing)
        kept = self._pool.take_idle()
        while True:
            opened = kept or await self._open()
            if isinstance(opened, UpstreamFault):
                return opened
            exchange = Exchange(is_head_request=method == "HEAD", is_streamed=True, max_body_bytes=MAX_BODY_BYTES)
            await self._converse(opened, exchange, head, body, is_chunked=body_bytes is None)
            if exchange.fault is None:
                return opened, exchange
            opened.close()
            is_race = kept is not None and not exchange.has_any_byte
            if not is_race or method not in _IDEMPOTENT or not (body is None or isinstance(body, bytes)):
                return UpstreamFault("broken", exchange.fault)
            kept = None  # the upstream closed an idle connection just then: once more on a fresh one

    def _of_request_in_hand(self, headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
        """With its id, and with what it has left, of which the service gets no more than its usual time."""
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        ours = {} if request_id is None else {REQUEST_ID_HEADER: str(request_id)}
        if (remaining_s := left_s()) < math.inf:
            ours[REQUEST_TIMEOUT_HEADER] = said(min(remaining_s, self._timeout_s))
        if not ours:
            return headers
        names = {name.lower() for name in ours}
        return [*(pair for pair in headers if pair[0].lower() not in names), *ours.items()]

    async def _open(self) -> Connection | UpstreamFault:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await self._pool.open()
        except TimeoutError:
            return UpstreamFault("unreachable", f"no connection to {self.host} within {CONNECT_TIMEOUT_S} s")
        except ssl.SSLCertVerificationError as error:
            return UpstreamFault(
                "untrusted", f"the certificate of {self.host} is not believed: {error.verify_message}"
            )
        except OSError as error:
            return UpstreamFault("unreachable", f"no connection to {self.host}: {error}")

    async def _converse(
        self, connection: Connection, exchange: Exchange, head: bytes, body: Body, *, is_chunked: bool
    ) -> None:
        try:
            connection.start(exchange, head, body if isinstance(body, bytes) else None)
            if body is not None and not isinstance(body, bytes):
                await _send_pieces(connection, exchange, body, self._timeout_s, is_chunked=is_chunked)
            async with asyncio.timeout(self._timeout_s):
                await exchange.arrived
        except BaseException:
            connection.close()  # cancelled or timed out: what may still come belongs to nobody
            raise


async def _send_pieces(
    connection: Connection, exchange: Exchange, body: AsyncIterator[bytes], timeout_s: float, *, is_chunked: bool
) -> None:
    async for chunk in body:
        if exchange.arrived.done() or not connection.is_open:
            connection.spoil()  # answered or lost before the body was through
            return
        if chunk:
            async with asyncio.timeout(timeout_s):
                await connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
    if is_chunked:
        await connection.send(b"0\r\n\r\n")


def _pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> Iterable[tuple[str, str]]:
    return headers.items() if isinstance(headers, Mapping) else headers or ()


def _framing(method: str, body: Body) -> tuple[str, str] | None:
    if isinstance(body, bytes):
        return "Content-Length", str(len(body))
    if body is not None:
        return "Transfer-Encoding", "chunked"
    return ("Content-Length", "0") if method in {"POST", "PUT", "PATCH"} else None
