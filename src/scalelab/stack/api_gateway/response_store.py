"""Whole answers in a cache engine: found, kept for as long as they may be, given up. Knows no request."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from time import time

from starlette.responses import Response

from scalelab.stack.api_gateway.cached_answer import CachedAnswer, decode, encode
from scalelab.stack.api_gateway.freshness import may_stand_in, storable_s, strong_entity_tag
from scalelab.stack.api_gateway.gateway_metrics import CacheMetrics
from scalelab.stack.api_gateway.rounds import Rounds
from scalelab.stack.cache import Cache, FaultKind, Turn

MAX_BODY_BYTES = 1024 * 1024
DEFAULT_CACHE_CONTROL = (b"cache-control", b"private, no-cache")
"""A client may keep the answer but asks again each time: only so does it see a write at once."""


@dataclass(frozen=True)
class Place:
    """Where an answer belongs, and for how long at most."""

    key: bytes
    tag: str
    ttl_s: float


@dataclass(frozen=True)
class Finding:
    """What a look into the cache gave."""

    answer: CachedAnswer | None
    fence: int | None
    fault: FaultKind | None
    remaining_s: float = 0.0
    generation: int = 0
    turn: Turn = "lead"


class ResponseStore:
    """The answers of all gateways."""

    def __init__(
        self,
        cache: Cache,
        metrics: CacheMetrics,
        *,
        clock_s: Callable[[], float] = time,
        ttl_jitter: float = 0.0,
        negative_ttl_s: float = 0.0,
        stale_if_error_s: float = 0.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Settings of all entries.

        Args:
            cache: holds them.
            metrics: counts what is found.
            clock_s: Unix time.
            ttl_jitter: share by which times to live are shortened at most, so that they do not end together.
            negative_ttl_s: how long it is kept that something does not exist.
            stale_if_error_s: how long beyond its time to live an answer is kept to stand in for its service.
            draw: uniform in [0, 1).
        """
        self._cache = cache
        self._clock_s = clock_s
        self._ttl_jitter = ttl_jitter
        self._negative_ttl_s = negative_ttl_s
        self._stale_if_error_s = stale_if_error_s
        self._draw = draw
        self._looks: Rounds[Finding] = Rounds()
        self.metrics = metrics

    async def find(self, place: Place, *, claims: bool = False) -> Finding:
        """The stored answer, if there is a whole one; see `Cache.get` for the claim. Many askers cost two looks."""
        finding, _ = await self._looks.join(
            b"claim" + place.key if claims else place.key, lambda: self._look(place, claims=claims)
        )
        return finding

    async def _look(self, place: Place, *, claims: bool) -> Finding:
        lookup = await self._cache.get(place.key, place.tag, claims=claims)
        if lookup.value is None:
            return Finding(None, lookup.fence, lookup.fault, 0.0, lookup.generation, lookup.turn)
        answer = decode(lookup.value, place.key)
        if answer is None:
            self.metrics.fault("torn")
            return Finding(None, lookup.fence, "torn", 0.0, lookup.generation)
        return Finding(answer, lookup.fence, None, lookup.remaining_s, lookup.generation)

    async def keep(self, place: Place, response: Response, fence: int | None) -> bool:
        """Store a complete answer if its service lets us; False when it was not. Gives it its validators."""
        said = response.headers.items()
        ttl_s = storable_s(response.status_code, said, place.ttl_s, negative_ttl_s=self._negative_ttl_s)
        with_validators(response)  # after the question: what we say to the client is not what the service said
        body = bytes(response.body)
        if ttl_s <= 0 or fence is None or len(body) > MAX_BODY_BYTES:
            return False
        ttl_s *= 1.0 - self._ttl_jitter * self._draw() if self._ttl_jitter else 1.0
        headers = tuple(pair for pair in response.headers.items() if pair[0] != "content-length")
        answer = CachedAnswer(self._clock_s(), ttl_s, headers, body, response.status_code)
        is_kept = await self._put(place.key, answer, ttl_s, place.tag, fence)
        if is_kept and self._stale_if_error_s > 0 and may_stand_in(answer.status, said):
            await self._put(_stand_in_key(place), answer, ttl_s + self._stale_if_error_s, place.tag, fence)
        return is_kept

    async def find_stand_in(self, place: Place) -> CachedAnswer | None:
        """For a failure of the service: what it said last, if that is not too long ago and no write came since."""
        if self._stale_if_error_s <= 0:
            return None
        return (await self.find(Place(_stand_in_key(place), place.tag, place.ttl_s))).answer

    async def _put(self, key: bytes, answer: CachedAnswer, ttl_s: float, tag: str, fence: int) -> bool:
        return await self._cache.put(key, encode(answer, key), ttl_s=ttl_s, tag=tag, fence=fence)

    async def release(self, place: Place, fence: int, alone_s: float) -> None:
        """See `Cache.release`."""
        await self._cache.release(place.key, place.tag, fence=fence, alone_s=alone_s)

    def age_s(self, answer: CachedAnswer) -> int:
        """Whole seconds since the answer was stored."""
        return max(0, int(self._clock_s() - answer.stored_at_s))


def _stand_in_key(place: Place) -> bytes:
    """Of the copy that outlives the entry; under the entry's tag, so that a write or a purge takes both."""
    return b"stand-in:" + place.key


def with_validators(response: Response) -> None:
    """A complete answer gets the headers that let a client keep it and ask again."""
    if response.status_code != 200:  # noqa: PLR2004  HTTPStatus costs a look-up on every answer
        return
    said = dict(reversed(response.raw_headers))  # of several the first counts
    entity_tag = said.get(b"etag")
    if entity_tag is None:
        response.raw_headers.append((b"etag", strong_entity_tag(bytes(response.body)).encode()))
    elif not entity_tag.startswith(b'"'):
        response.headers["etag"] = strong_entity_tag(bytes(response.body))
    if b"cache-control" not in said:
        response.raw_headers.append(DEFAULT_CACHE_CONTROL)
