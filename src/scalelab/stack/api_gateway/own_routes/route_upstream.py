"""The service behind a route as the gateway asks it: within its slots, and again within the retry budget.

A slot is held until the answer's body is read to its end or closed.
"""

import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Protocol, Self

from scalelab.contracts.routes import READING_METHODS, Upstream
from scalelab.stack.api_gateway.explaining import mark
from scalelab.stack.api_gateway.forwarding import NO_SLOT
from scalelab.stack.api_gateway.own_routes.route_metrics import RouteCounts
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.resilience import Retries, may_be_better
from scalelab.stack.upstream import StreamedAnswer, UpstreamClient, UpstreamFault
from scalelab.stack.upstream.tls import tls_context
from scalelab.stack.upstream.values import StreamedBody


class StreamingClient(Protocol):
    """As `UpstreamClient` does."""

    async def stream(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: AsyncIterator[bytes] | None = None,
        body_bytes: int | None = None,
    ) -> StreamedAnswer | UpstreamFault:
        """One request, and its answer piece by piece."""
        ...

    async def aclose(self) -> None:
        """Break every connection off."""
        ...


def connected(upstream: Upstream, timeout_s: float) -> UpstreamClient:
    """A client of this upstream; connects to nothing yet.

    Raises:
        TlsError: the certificates to be believed are of no use.
    """
    return UpstreamClient(upstream.url, timeout_s, tls=tls_of(upstream))


def tls_of(upstream: Upstream) -> ssl.SSLContext | None:
    """Whose certificates are believed; None without TLS. Raises as `connected`."""
    if not upstream.url.startswith("https:"):
        return None
    is_verified = upstream.certificate == "verified"
    return tls_context(ca_pem=upstream.ca_pem, ca_file=upstream.ca_file, is_verified=is_verified)


class RouteUpstream:
    """Of one route at one gateway."""

    def __init__(self, client: StreamingClient, slots: UpstreamSlots, retries: Retries, counts: RouteCounts) -> None:
        self.slots = slots
        self._counts = counts
        self._client = client
        self._retries = retries

    async def stream(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: AsyncIterator[bytes] | None = None,
        body_bytes: int | None = None,
    ) -> StreamedAnswer | UpstreamFault:
        """The first answer that no further attempt could better, or the last outcome."""
        sent = tuple(headers)
        before: StreamedAnswer | UpstreamFault | None = None

        async def ask() -> StreamedAnswer | UpstreamFault:
            nonlocal before
            if isinstance(before, StreamedAnswer):
                await before.body.aclose()
            self._counts.asked += 1
            before = await self._client.stream(method, path_and_query, headers=sent, body=body, body_bytes=body_bytes)
            return before

        def may_ask_again(outcome: StreamedAnswer | UpstreamFault) -> bool:
            return method in READING_METHODS and body is None and may_be_better(outcome)

        mark("gateway")
        is_held = await self.slots.acquire()
        mark("slot")
        if not is_held:
            self._counts.without_slot += 1
            return NO_SLOT
        try:
            outcome = await self._retries.asked(ask, may_ask_again)
            mark("upstream")
        except BaseException:
            if isinstance(before, StreamedAnswer):
                await before.body.aclose()
            self.slots.release()
            raise
        if isinstance(outcome, UpstreamFault):
            self.slots.release()
            return outcome
        return StreamedAnswer(outcome.status, outcome.headers, _SlottedBody(outcome.body, self.slots))


class _SlottedBody:
    def __init__(self, body: StreamedBody, slots: UpstreamSlots) -> None:
        self._body = body
        self._slots: UpstreamSlots | None = slots

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._body)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Let go of connection and slot. Idempotent."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()
            await self._body.aclose()
