"""The body of an answer that is passed on, compressed piece by piece: each can be read when it comes."""

import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.compressing import LEVEL, Compression
from scalelab.stack.api_gateway.content_coding import (
    accepts_gzip,
    announced_bytes,
    compressed_fields,
    is_compressible,
    varying,
)
from scalelab.stack.api_gateway.own_routes.passed_answer import PassedAnswer
from scalelab.stack.upstream.values import StreamedBody

_GZIP_WINDOW = 31
"""zlib's way to say: the largest window, in gzip's format."""


class CompressedPieces:
    """A `StreamedBody`. One that breaks off has no end of its gzip stream either."""

    def __init__(self, pieces: StreamedBody, note: Callable[[int, int], None]) -> None:
        """`note` is told bytes taken and given, piece by piece."""
        self._pieces = pieces
        self._note = note
        self._compressor = zlib.compressobj(LEVEL, wbits=_GZIP_WINDOW)
        self._is_ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next piece, or the end of the gzip stream."""
        if self._is_ended:
            raise StopAsyncIteration
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            self._is_ended = True
            return self._given(0, self._compressor.flush(zlib.Z_FINISH))
        return self._given(len(piece), self._compressor.compress(piece) + self._compressor.flush(zlib.Z_SYNC_FLUSH))

    async def aclose(self) -> None:
        """See `StreamedBody`."""
        await self._pieces.aclose()

    def _given(self, taken_bytes: int, given: bytes) -> bytes:
        self._note(taken_bytes, len(given))
        return given


async def compressed_answer(compression: Compression, request: Request, response: Response) -> Response:
    """The answer of a route of one's own as it leaves, whole or in pieces; of a HEAD what its GET would say."""
    if not isinstance(response, PassedAnswer) and request.method != "HEAD":
        return await compression.compressed(request, response)
    length = announced_bytes(response.raw_headers)
    is_short = length is not None and length < compression.least_bytes
    if is_short or not is_compressible(response.status_code, response.raw_headers):
        return (
            compression.compressed_now(request, response)
            if response.status_code == HTTPStatus.NOT_MODIFIED
            else response
        )
    if not accepts_gzip(request.headers.getlist("accept-encoding")):
        response.raw_headers[:] = varying(response.raw_headers)
        return response
    response.raw_headers[:] = compressed_fields(response.raw_headers, None)
    if isinstance(response, PassedAnswer) and request.method != "HEAD":
        response.pieces = CompressedPieces(response.pieces, compression.note)
    return response
