"""Writes a record so that no read that starts after the answer sees the old value.

Order: ask the cache to forget and to store nothing for the time of the write; have every gateway forget what it
holds in its own memory (nothing is written when either cannot be told); write; tell the cache that it is over; only
then answer. The last also refuses the fills that read the old value while the write was under way. No gateway's
memory needs to be told again, because nothing was stored meanwhile that it could have taken.
"""

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import CACHE_HEADER, CACHE_STATUS_HEADER
from scalelab.contracts.records import RecordUpdate
from scalelab.stack.api_gateway.coherence import Coherence
from scalelab.stack.api_gateway.explaining import mark
from scalelab.stack.api_gateway.forwarded_headers import upstream_request_headers
from scalelab.stack.api_gateway.forwarding import Upstream, as_response, come_back, no_slot
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.cache import Cache
from scalelab.stack.service_kit.client_gone import answer_unless_gone

TELLING_ATTEMPTS = 3
HOLD_S = 30.0
"""Longest time for which the cache waits for the end of a write, should this gateway die."""
NOT_WRITTEN = "the cache cannot be told of the write, so nothing was written"
NOT_TOLD = (
    "the record was sent to be written, but the cache could not be told: reads may see the old value for a while"
)


class RecordWrites:
    """Writes under way. One that has begun is finished, whether its client waits or not."""

    def __init__(self, slots: UpstreamSlots, cache: Cache, coherence: Coherence) -> None:
        self._slots = slots
        self._cache = cache
        self._coherence = coherence
        self._under_way: set[asyncio.Task[Response]] = set()

    async def write(
        self, request: Request, upstream: Upstream, path: str, update: RecordUpdate, tags: Sequence[str]
    ) -> Response:
        """The service's answer, or 503 in one of the two cases above. Who leaves the queue writes nothing."""

        async def in_turn() -> Response:
            mark("gateway")
            is_held = await self._slots.acquire()
            mark("slot")
            if not is_held:
                return no_slot(request)
            return await asyncio.shield(self._begin(self._write(request, upstream, path, update, tags)))

        response = await answer_unless_gone(request, in_turn())
        response.headers[CACHE_HEADER] = "BYPASS"
        response.headers[CACHE_STATUS_HEADER] = "scalelab; fwd=method"
        return response

    async def finish(self) -> None:
        """Wait for the writes whose clients have gone."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, Response]) -> asyncio.Task[Response]:
        task = asyncio.create_task(work, name="record-write")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _write(
        self, request: Request, upstream: Upstream, path: str, update: RecordUpdate, tags: Sequence[str]
    ) -> Response:
        """Owns the slot that was acquired for it."""
        writer = secrets.token_hex(8)
        try:
            if not await self._is_prepared(writer, tags):
                return come_back(request, NOT_WRITTEN)
            mark("cache")
            outcome = await upstream.request(
                "PUT",
                path,
                headers=upstream_request_headers(request, has_body=True),
                body=update.model_dump_json().encode(),
            )
        finally:
            self._slots.release()
        mark("upstream")
        # Whatever the outcome says: a write that was answered late, or not at all, may have happened.
        if not await self._is_told(writer, tags):
            structlog.get_logger().error("cache_not_told", tags=tags)
            return come_back(request, NOT_TOLD)
        return as_response(request, outcome)

    async def _is_prepared(self, writer: str, tags: Sequence[str]) -> bool:
        if await self._cache.invalidate(*tags, writer=writer, hold_s=HOLD_S) is not None:
            return False
        if await self._coherence.broadcast("tag", tags) is None:
            return True
        await self._cache.invalidate(*tags, writer=writer)
        return False

    async def _is_told(self, writer: str, tags: Sequence[str]) -> bool:
        for _ in range(TELLING_ATTEMPTS):
            if await self._cache.invalidate(*tags, writer=writer) is None:
                return True
        return False
