"""Purges: what no gateway may answer from the cache any more, by record, by tag, or everything."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, ValidationError, model_validator

from scalelab.contracts.http_names import CACHE_FLUSH_PATH, CACHE_PURGE_PATH
from scalelab.contracts.model import Contract
from scalelab.contracts.processing import PROCESSED_RECORDS
from scalelab.stack.api_gateway.coherence import Coherence
from scalelab.stack.cache import Cache, FaultKind


class PurgeRequest(Contract):
    """Body of `POST /cache/purge`: exactly one of the three."""

    key: Annotated[int, Field(ge=1)] | None = None
    """A record: it, and every result that it went into."""
    tag: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    everything: bool = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.key is not None) + (self.tag is not None) + self.everything != 1:
            raise ValueError("say one of key, tag and everything")
        return self


class Purges:
    """First the cache that all share, then what each gateway holds in its own memory."""

    def __init__(self, cache: Cache, coherence: Coherence) -> None:
        self._cache = cache
        self._coherence = coherence

    async def purge(self, wanted: PurgeRequest) -> FaultKind | None:
        """No read that starts after this sees what was stored before it. After a fault: call again."""
        if wanted.everything:
            return await self._cache.flush() or await self._coherence.broadcast("everything")
        tags = [wanted.tag] if wanted.tag is not None else tags_of_record(wanted.key or 0)
        return await self._cache.invalidate(*tags) or await self._coherence.broadcast("tag", tags)


def tags_of_record(record_key: int) -> list[str]:
    """What a change of the record makes old: the record, and every result that it went into."""
    first_key = max(1, record_key - PROCESSED_RECORDS + 1)
    return [f"record:{record_key}", *(f"process:{key}" for key in range(first_key, record_key + 1))]


def purge_routes(purges: Purges) -> list[web.RouteDef]:
    """For the admin listener, which demands the stack's nonce."""

    async def purge(request: web.Request) -> web.StreamResponse:
        try:
            wanted = PurgeRequest.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"purged": False, "fault": error.errors()[0]["msg"]}, status=400)
        fault = await purges.purge(wanted)
        return web.json_response({"purged": fault is None, "fault": fault}, status=200 if fault is None else 503)

    async def flush(_request: web.Request) -> web.StreamResponse:
        fault = await purges.purge(PurgeRequest(everything=True))
        if fault is not None:
            return web.json_response({"flushed": False, "fault": fault}, status=503)
        return web.json_response({"flushed": True})

    return [web.post(CACHE_PURGE_PATH, purge), web.post(CACHE_FLUSH_PATH, flush)]
