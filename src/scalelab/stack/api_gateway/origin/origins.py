"""The origin routes of one gateway: built from the settings, opened and closed with the service. Wiring only."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.routing import BaseRoute, Route

from scalelab.contracts.topology import OriginRoute
from scalelab.stack.api_gateway.origin.fetching import OriginFetcher
from scalelab.stack.api_gateway.origin.route import OriginEndpoint
from scalelab.stack.api_gateway.origin.store import OriginStore
from scalelab.stack.api_gateway.origin.transaction import OriginCache
from scalelab.stack.cache import Cache
from scalelab.stack.upstream import UpstreamClient


class Origins:
    """Each route has an upstream client and a cache of its own, over the gateway's cache engine."""

    def __init__(self, settings: Sequence[OriginRoute], cache: Cache, timeout_s: float) -> None:
        self._settings = settings
        self._cache = cache
        self._timeout_s = timeout_s
        self._opened: dict[str, OriginCache] = {}

    def routes(self) -> Sequence[BaseRoute]:
        """To stand behind the gateway's own; the longest path first."""
        paths = sorted((route.path for route in self._settings), key=len, reverse=True)
        return [
            Route(f"{path}{{rest:path}}", OriginEndpoint(lambda path=path: self._opened[path]))  # type: ignore[misc]
            for path in paths
        ]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Holds the upstream connections while the context is open."""
        async with AsyncExitStack() as stack:
            for route in self._settings:
                client = await stack.enter_async_context(UpstreamClient(route.upstream, self._timeout_s))
                store = OriginStore(self._cache, route.upstream)
                cache = OriginCache(store, OriginFetcher(client), stores_cookies=route.stores_cookies)
                stack.push_async_callback(cache.aclose)
                self._opened[route.path] = cache
            yield
