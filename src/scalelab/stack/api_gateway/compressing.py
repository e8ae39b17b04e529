"""Compresses answers on their way out: the caches hold them as they came, and what leaves fits who asked (RFC 9110).

Stands above `@cached`. Never compresses what says `no-transform`, is compressed, or is one part of a body.
"""

import asyncio
import gzip
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from scalelab.contracts import metric_names
from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.api_gateway.content_coding import (
    accepts_gzip,
    compressed_fields,
    is_compressible,
    varying,
    weakened,
)
from scalelab.stack.service_kit.metrics import ServiceMetrics

LEVEL = 6
AT_ONCE_BYTES = 64 * 1024
"""A longer body is compressed in a thread: the event loop has others to answer."""
_NOT_MODIFIED = 304


class Compression:
    """Of one gateway."""

    def __init__(self, least_bytes: int, metrics: ServiceMetrics) -> None:
        """`least_bytes`: a shorter body is left as it is; its compressed form would not be shorter by much."""
        self.least_bytes = least_bytes
        self._taken_bytes = 0
        self._given_bytes = 0
        metrics.count(
            metric_names.COMPRESSION_TAKEN_BYTES_TOTAL, "Bodies before compression.", lambda: self._taken_bytes
        )
        metrics.count(metric_names.COMPRESSION_GIVEN_BYTES_TOTAL, "The same after it.", lambda: self._given_bytes)

    def __call__(self, handler: Handler) -> Handler:
        """The same handler, its answers compressed for who takes that."""

        @wraps(handler)
        async def answer(request: Request) -> Response:
            return await self.compressed(request, await handler(request))

        return answer

    async def compressed(self, request: Request, response: Response) -> Response:
        """The answer as it leaves; its body is whole."""
        if self.may_wait(request, response):
            body = bytes(response.body)
            return self._as_response(response, await asyncio.to_thread(_gzipped, body))
        return self.compressed_now(request, response)

    def may_wait(self, request: Request, response: Response) -> bool:
        """Whether the answer will be compressed, but not at once."""
        return len(response.body) > AT_ONCE_BYTES and self._is_for(request, response)

    def compressed_now(self, request: Request, response: Response) -> Response:
        """As `compressed`, for an answer that need not wait; one that was compressed is left as it is."""
        if response.status_code == _NOT_MODIFIED:
            if _takes_gzip(request):
                response.raw_headers[:] = weakened(varying(response.raw_headers))
            return response
        if len(response.body) < self.least_bytes or not is_compressible(response.status_code, response.raw_headers):
            return response
        if not _takes_gzip(request):
            response.raw_headers[:] = varying(response.raw_headers)
            return response
        return self._as_response(response, _gzipped(bytes(response.body)))

    def note(self, taken_bytes: int, given_bytes: int) -> None:
        """So much was compressed elsewhere, to so much."""
        self._taken_bytes += taken_bytes
        self._given_bytes += given_bytes

    def _is_for(self, request: Request, response: Response) -> bool:
        is_long = len(response.body) >= self.least_bytes
        return is_long and _takes_gzip(request) and is_compressible(response.status_code, response.raw_headers)

    def _as_response(self, response: Response, body: bytes) -> Response:
        self.note(len(response.body), len(body))
        given = Response(body, response.status_code)
        given.raw_headers = compressed_fields(response.raw_headers, len(body))
        return given


def _takes_gzip(request: Request) -> bool:
    return accepts_gzip(request.headers.getlist("accept-encoding"))


def _gzipped(body: bytes) -> bytes:
    """The same bytes for the same body: no time stands in them."""
    return gzip.compress(body, LEVEL, mtime=0)
