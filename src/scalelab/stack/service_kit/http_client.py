"""The client towards upstream services: keep-alive, a deadline on every call, trouble as a value."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import aiohttp
import structlog
from yarl import URL

from scalelab.contracts.http_names import REQUEST_ID_HEADER

IDLE_CONNECTION_S = 30.0
"""Shorter than the servers' keep-alive, so that the client is the one who closes."""
CONNECT_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class UpstreamAnswer:
    """A whole answer. `headers` are as received, in order; `body` is complete."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class UpstreamFault:
    """No whole answer: not reached, not in time, or broken off."""

    kind: Literal["unreachable", "timeout", "broken"]
    detail: str


class UpstreamClient:
    """One upstream service. Safe for concurrent use on one event loop."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, timeout_s: float) -> None:
        self._session = session
        self._base_url = base_url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)

    async def request(
        self,
        method: str,
        path_and_query: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> UpstreamAnswer | UpstreamFault:
        """One request; the request id of the request in hand travels with it.

        Args:
            method: HTTP method.
            path_and_query: already encoded; sent as it is.
            headers: further request headers.
            body: request body, if any.
        """
        sent = dict(headers or {})
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id is not None:
            sent[REQUEST_ID_HEADER] = request_id
        try:
            async with self._session.request(
                method,
                URL(self._base_url + path_and_query, encoded=True),
                headers=sent,
                data=body,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                content = await response.read()
                return UpstreamAnswer(response.status, tuple(response.headers.items()), content)
        except aiohttp.ClientConnectorError as error:
            return UpstreamFault("unreachable", str(error))
        except aiohttp.ConnectionTimeoutError:
            return UpstreamFault("unreachable", f"no connection within {CONNECT_TIMEOUT_S} s")
        except (TimeoutError, aiohttp.ServerTimeoutError):
            return UpstreamFault("timeout", f"no answer within {self._timeout.total} s")
        except aiohttp.ClientError as error:
            return UpstreamFault("broken", f"{type(error).__name__}: {error}")


@asynccontextmanager
async def client_session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session with keep-alive and no limit of its own: slots and pools are the limits.

    It adds nothing to a request that the caller did not say, and keeps no cookies: they are other people's.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_CONNECTION_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
    ) as session:
        yield session
