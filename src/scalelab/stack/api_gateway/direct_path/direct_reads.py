"""What the connections of one gateway need for the direct path: its routes, the clients it knows, its counters."""

import time
from collections.abc import Mapping
from typing import Any

from scalelab.stack.api_gateway.authentication import Authenticator, Handler, Refusal
from scalelab.stack.api_gateway.direct_path.known_client import KnownClients, RequestLines, Target
from scalelab.stack.api_gateway.direct_path.passage import Passage
from scalelab.stack.api_gateway.hot_path.request_key import RequestKey
from scalelab.stack.api_gateway.response_cache import ResponseCache
from scalelab.stack.service_kit.client_gone import DetachedRequest
from scalelab.stack.service_kit.request_context import RequestRecords, new_request_id

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
    ) -> None:
        self.handlers = dict(routes)
        self.clients = KnownClients()
        self.lines = RequestLines(routes)
        self.records = records
        self.instance = instance.encode()
        self.passages: Mapping[str, Passage] = {}
        """By path: reads that are only passed on; given when the services can be asked."""
        self._templates = {path: Template(path) for path in routes}
        self._authenticator = authenticator
        self._cache = response_cache

    def passed(
        self, key: RequestKey, target: Target, server: Mapping[str, Any]
    ) -> tuple[Passage, dict[str, Any]] | None:
        """Which way a read is passed on, and the scope that its books need; None when more is to be done with it."""
        passage = self.passages.get(target.path)
        client = None if passage is None else self.clients.find(key.head[target.fields_from :])
        if passage is None or client is None:
            return None
        if isinstance(self._authenticator.authenticate(client.authorization), Refusal):
            return None
        scope = {
            **server,
            "path": target.path,
            "headers": client.fields,
            "query_string": target.query,
            "route": self._templates[target.path],
            "request_id": key.request_id.decode() or new_request_id(),
            "began_s": time.perf_counter(),
        }
        return passage, scope

    def request(self, key: RequestKey, target: Target, server: Mapping[str, Any]) -> DetachedRequest | None:
        """The request, authenticated, as the decorators would hand it on; None when the ordinary path must see it.

        Args:
            key: the head.
            target: its request line.
            server: what the scope says of the connection.
        """
        client = self.clients.find(key.head[target.fields_from :])
        if client is None:
            return None
        hot = self._cache.hot
        moment = None if hot is None else hot.moment()  # before the token is verified: a revocation comes after it
        token = self._authenticator.authenticate(client.authorization)
        if isinstance(token, Refusal):
            return None
        state = {
            "authenticator": self._authenticator,
            "response_cache": self._cache,
            "hot_moment": moment,
            "token": token,
            "subject": token.subject,
            "record_key": target.key,
        }
        scope = {
            **server,
            "path": target.path,
            "raw_path": target.path.encode(),
            "query_string": target.query,
            "headers": client.fields_with(key.request_id),
            "route": self._templates[target.path],
            "state": state,
            "request_id": key.request_id.decode() or new_request_id(),
            "began_s": time.perf_counter(),
        }
        return DetachedRequest.of(scope)
