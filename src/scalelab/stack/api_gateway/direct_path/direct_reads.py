"""What the connections of one gateway need for the direct path: its routes, the clients it knows, its counters."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from scalelab.stack.api_gateway.authentication import Authenticator, Handler
from scalelab.stack.api_gateway.direct_path.bearer import Bearer
from scalelab.stack.api_gateway.direct_path.known_client import KnownClient, KnownClients, RequestLines, Target
from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.direct_path.rendering import ending
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey
from scalelab.stack.api_gateway.response_cache import ResponseCache
from scalelab.stack.service_kit.client_gone import DetachedRequest
from scalelab.stack.service_kit.request_context import RequestRecords, next_request_id

STATE_NAME = "direct_reads"
"""Under this name the lifespan's state holds the `DirectReads`."""


class Template:
    """What the ordinary path finds in the scope as the route."""

    def __init__(self, path: str) -> None:
        self.path = path


class DirectReads:
    """`routes` are the handlers under the token and the key, by path."""

    def __init__(
        self,
        routes: Mapping[str, Handler],
        *,
        instance: str,
        authenticator: Authenticator,
        response_cache: ResponseCache,
        records: RequestRecords,
        steady_clock_s: Callable[[], float],
    ) -> None:
        self.handlers = dict(routes)
        self.clients = KnownClients(partial(Bearer, authenticator))
        self.lines = RequestLines(routes)
        self.records = records
        self.instance = instance.encode()
        self.ending = ending(self.instance, keep_alive=True)
        self.steady_clock_s = steady_clock_s
        self.passages: Mapping[str, Passage] = {}
        """By path: reads that are only passed on; given when the services can be asked."""
        self._templates = {path: Template(path) for path in routes}
        self._authenticator = authenticator
        self._cache = response_cache

    def request(
        self, key: RequestKey, target: Target, client: KnownClient, server: Mapping[str, Any]
    ) -> DetachedRequest | None:
        """The request, authenticated, as the decorators would hand it on; None when the ordinary path must see it.

        Args:
            key: the head.
            target: its request line.
            client: whose fields it has.
            server: what the scope says of the connection.
        """
        hot = self._cache.hot
        moment = None if hot is None else hot.moment()  # before the token is verified: a revocation comes after it
        token = client.bearer.admitted(self.steady_clock_s())
        if token is None:
            return None
        scope = self.scope(target, client, key.request_id or next_request_id(), server)
        scope["began_s"] = time.perf_counter()
        scope["headers"] = client.fields_with(key.request_id)
        scope["raw_path"] = target.path.encode()
        scope["state"] = {
            "authenticator": self._authenticator,
            "response_cache": self._cache,
            "hot_moment": moment,
            "token": token,
            "subject": token.subject,
            "record_key": int(target.key),
        }
        return DetachedRequest.of(scope)

    def scope(
        self, target: Target, client: KnownClient, request_id: bytes, server: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the books need of a request, and whoever answers it with a problem."""
        return {
            **server,
            "path": target.path,
            "query_string": target.query,
            "headers": client.fields,
            "route": self._templates[target.path],
            "request_id": request_id.decode(),
        }
