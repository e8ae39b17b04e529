"""Where an origin's responses are kept: per URL one entry that names what it varies on, and one per variant."""

import json
from dataclasses import dataclass

from scalelab.stack.api_gateway.cache_key import key_material
from scalelab.stack.api_gateway.origin.asked import Asked
from scalelab.stack.api_gateway.origin.stored_exchange import decode_response, encode_response
from scalelab.stack.cache.base import Cache
from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.freshness import freshness_lifetime_s, may_be_stale
from scalelab.stack.http_cache.varying import variant_of, varying_names

VALIDATOR_RETENTION_S = 3600.0
"""How long a stale response is kept so that the origin can be asked whether it still holds."""


@dataclass(frozen=True)
class Found:
    """What is stored for a request: the response of its variant, if any, and the fence that a later store shows."""

    response: Response | None
    fence: int | None


class OriginStore:
    """Responses of one origin in a cache engine. A fault of the engine is a miss."""

    def __init__(self, cache: Cache, origin: str) -> None:
        self._cache = cache
        self._origin = origin

    async def find(self, asked: Asked) -> Found:
        """The stored variant that the request selects by its fields."""
        tag = self._tag(asked.host, asked.url)
        index = await self._cache.get(_index_key(asked), tag)
        if index.value is None:
            return Found(None, index.fence)
        names = _names_in(index.value)
        if names is None:
            return Found(None, index.fence)
        key = _variant_key(names, asked)
        lookup = await self._cache.get(key, tag)
        response = None if lookup.value is None else decode_response(lookup.value, key)
        return Found(response, index.fence)

    async def keep(self, asked: Asked, response: Response, fence: int) -> bool:
        """Store a variant; False when a write came between, or the engine is at fault."""
        tag = self._tag(asked.host, asked.url)
        names = varying_names(response.fields)
        key = _variant_key(names, asked)
        ttl_s = _retention_s(response)
        is_kept = await self._cache.put(key, encode_response(response, key), ttl_s=ttl_s, tag=tag, fence=fence)
        return is_kept and await self._cache.put(
            _index_key(asked), json.dumps(names).encode(), ttl_s=ttl_s, tag=tag, fence=fence
        )

    async def drop(self, host: str, url: str) -> None:
        """Forget every variant of a URL in every partition, and refuse what is on its way in."""
        await self._cache.invalidate(self._tag(host, url))

    def _tag(self, host: str, url: str) -> str:
        return f"origin:{self._origin}:{len(host)}:{host}:{url}"


def _index_key(asked: Asked) -> bytes:
    return key_material(b"vary", asked.partition)


def _names_in(value: bytes) -> tuple[str, ...] | None:
    """What an index says that answers vary on; None for what is none: torn, or somebody else's."""
    try:
        names = json.loads(value)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(names, list) and all(isinstance(name, str) and name.isascii() for name in names)
    return tuple(names) if is_one else None


def _variant_key(names: tuple[str, ...], asked: Asked) -> bytes:
    parts = [b"variant", asked.partition]
    for name, value in variant_of(names, asked.request.fields):
        parts += [name.encode(), b"" if value is None else b"=" + value.encode("latin-1", "replace")]
    return key_material(*parts)


def _retention_s(response: Response) -> float:
    windows_s = [response.governing.delta_s(name) or 0 for name in ("stale-while-revalidate", "stale-if-error")]
    has_validator = "etag" in response.fields or "last-modified" in response.fields
    reserve_s = VALIDATOR_RETENTION_S if has_validator or may_be_stale(response) else 1.0
    return max(freshness_lifetime_s(response), 0.0) + max([reserve_s, *windows_s])
