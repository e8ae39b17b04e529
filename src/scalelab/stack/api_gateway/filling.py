"""Fills the cache on a miss: one fetch for all who miss the same entry, in this process and in the others.

Never gives one subject's answer to another: who may share stands in the key. Never makes anybody wait for an answer
that turns out to be one client's own: those behind it ask for themselves, and so do all who come soon after.
"""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.cache_key import key_material
from scalelab.stack.api_gateway.flights import Flights
from scalelab.stack.api_gateway.forwarded_headers import raw
from scalelab.stack.api_gateway.freshness import may_be_shared
from scalelab.stack.api_gateway.response_store import Finding, Place, ResponseStore
from scalelab.stack.api_gateway.rounds import Rounds
from scalelab.stack.service_kit.client_gone import DetachedRequest
from scalelab.stack.upstream.time_left import for_all

ALONE_S = 1.0
"""After an answer that may not be shared, nobody waits for another's for so long."""
FIRST_LOOK_S = 0.002
LONGEST_LOOK_S = 0.02
_LOOK_SHARE = 0.05
"""Another process's fetch is looked for after a twentieth of the time already waited, within these bounds."""


@dataclass(frozen=True)
class Filled:
    """What a fetch has brought, for everybody who waited for it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    finding: Finding
    """The look at the cache on which it was fetched."""
    is_stored: bool
    is_shared: bool
    is_elsewhere: bool = False
    """Whether another process has fetched it."""

    def response(self) -> Response:
        """An answer of one's own: nobody else changes its headers."""
        response = Response(self.body, self.status)
        length = [header for header in response.raw_headers if header[0] == b"content-length"]
        response.raw_headers = [*length, *self.headers]
        return response


class Filling:
    """The fetches of one gateway."""

    def __init__(self, store: ResponseStore, *, coalesces: bool = True) -> None:
        """`coalesces`: whether one fetch serves all; switched off to show what that is worth."""
        self.coalesces = coalesces
        self._store = store
        self._flights: Flights[Filled] = Flights(goes_on_alone=False)
        self._blind: Rounds[Filled] = Rounds()
        self._releasing: set[asyncio.Task[None]] = set()

    async def join(self, request: Request, handler: Handler, place: Place, finding: Finding) -> tuple[Filled, bool]:
        """What the one fetch brings, and whether it was another request that had it made."""
        if finding.turn == "alone" or not self.coalesces:
            return await self._fetch(request, handler, place, finding), False

        @for_all
        async def fly() -> Filled:
            return await self._fly(DetachedRequest(request), handler, place, finding)

        if finding.fault is not None or finding.turn == "held":
            # A write is under way, or may have been missed: what was fetched before one came may be old already.
            filled, is_joined = await self._blind.join(place.key, fly)
        else:
            filled, is_joined = await self._flights.join(_flight_key(place, finding), fly)
        if is_joined and not filled.is_shared:
            return await self._fetch(request, handler, place, finding), False
        return filled, is_joined or filled.is_elsewhere

    async def aclose(self) -> None:
        """End what is under way."""
        await self._flights.aclose()
        await asyncio.gather(*self._releasing, return_exceptions=True)

    async def _fly(self, request: Request, handler: Handler, place: Place, finding: Finding) -> Filled:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while finding.turn == "follow":
            waited_s = loop.time() - began_s
            await asyncio.sleep(min(LONGEST_LOOK_S, max(FIRST_LOOK_S, waited_s * _LOOK_SHARE)))
            finding = await self._store.find(place, claims=True)
            if finding.answer is not None:
                answer = finding.answer
                return Filled(answer.status, tuple(raw(answer.headers)), answer.body, finding, True, True, True)
        return await self._fetch(request, handler, place, finding)

    async def _fetch(self, request: Request, handler: Handler, place: Place, finding: Finding) -> Filled:
        try:
            response = await handler(request)
        except BaseException:
            self._release(place, finding)
            raise
        is_shared = may_be_shared(response.status_code, response.headers.items())
        is_stored = await self._store.keep(place, response, finding.fence)
        if not is_stored:
            is_fault = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            self._release(place, finding, alone_s=0.0 if is_shared or is_fault else ALONE_S)
        headers = tuple(header for header in response.raw_headers if header[0] != b"content-length")
        return Filled(response.status_code, headers, bytes(response.body), finding, is_stored, is_shared)

    def _release(self, place: Place, finding: Finding, alone_s: float = 0.0) -> None:
        """In the background: nobody waits for it, and it is done even when its fetch was cancelled."""
        if finding.fence is None:
            return
        work: Coroutine[Any, Any, None] = self._store.release(place, finding.fence, alone_s)
        task = asyncio.create_task(work, name="lease-release")
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)


def _flight_key(place: Place, finding: Finding) -> bytes:
    """A write gives its tag a new generation: who comes after it joins no fetch from before it."""
    return key_material(place.key, place.tag.encode(), b"%d" % finding.generation)


def readdressed(filled: Filled, request: Request) -> Filled:
    """A problem that was told to another request, with the id of this one."""
    if (b"content-type", PROBLEM_MEDIA_TYPE.encode()) not in filled.headers:
        return filled
    document = {**json.loads(filled.body), "request_id": request.scope.get("request_id", "")}
    return replace(filled, body=json.dumps(document).encode())
