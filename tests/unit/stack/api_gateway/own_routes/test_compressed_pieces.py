"""Answers of routes of one's own, compressed: kept ones, passed ones piece by piece, and those that break off."""

import gzip
import zlib

import pytest

from scalelab.stack.api_gateway.compressing import Compression
from scalelab.stack.api_gateway.own_routes.compressed_pieces import CompressedPieces
from scalelab.stack.service_kit.metrics import ServiceMetrics

OPEN = {"protection": "none"}
WORDS = b"a word and another word, " * 60
GZIP = {"accept_encoding": "gzip"}


@pytest.fixture
def compression():
    return Compression(1024, ServiceMetrics())


@pytest.mark.parametrize("ttl_s", [60, 0])
async def test_an_answer_fits_who_asked(routed, service, compression, ttl_s):
    """Kept or passed; what is kept is as it came."""
    service.will(WORDS, content_type="text/plain", etag='"e"', accept_ranges="bytes")
    ask = await routed({**OPEN, "ttl_s": ttl_s}, compression=compression)

    compressed, plain, again = await ask("/a", **GZIP), await ask("/a"), await ask("/a", **GZIP)

    assert (plain.body, plain.fields.only("etag"), plain.fields.only("vary")) == (WORDS, '"e"', "Accept-Encoding")
    for answer in (compressed, again):
        assert gzip.decompress(answer.body) == WORDS
        assert answer.fields.only("content-encoding") == "gzip"
        assert answer.fields.only("etag") == 'W/"e"'
        assert answer.fields.only("content-length") in {None, str(len(answer.body))}
        assert "accept-ranges" not in answer.fields
    assert len(service.seen) == (1 if ttl_s else 3)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"content_type": "image/png"}, 200),
        ({"content_type": "text/event-stream"}, 200),
        ({"content_type": "text/plain", "content_encoding": "br"}, 200),
        ({"content_type": "text/plain", "cache_control": "no-transform"}, 200),
        ({"content_type": "text/plain", "content_range": "bytes 0-1499/9000"}, 206),
        ({"content_type": "text/plain", "content_length": "9"}, 200),
    ],
)
@pytest.mark.parametrize("ttl_s", [60, 0])
async def test_what_must_not_be_changed_is_not(routed, service, compression, fields, status, ttl_s):
    """Nor what is too short to be worth it."""
    body = WORDS if "content_length" not in fields else b"too short"
    service.will(body, status=status, **fields)
    ask = await routed({**OPEN, "ttl_s": ttl_s}, compression=compression)

    answer = await ask("/a", **GZIP)

    assert (answer.body, answer.fields.only("content-encoding")) == (body, fields.get("content_encoding"))


@pytest.mark.parametrize("ttl_s", [60, 0])
async def test_a_head_says_what_a_get_would_and_no_length_of_other_bytes(routed, service, compression, ttl_s):
    """Nor any byte of a body."""
    service.will(content_type="text/plain", content_length="1500", etag='"e"')
    ask = await routed({**OPEN, "ttl_s": ttl_s}, compression=compression)

    answer = await ask("/a", "HEAD", **GZIP)

    assert (answer.fields.only("content-encoding"), answer.fields.only("etag")) == ("gzip", 'W/"e"')
    assert "content-length" not in answer.fields
    assert ttl_s == 0 or answer.body == b""


async def test_what_is_known_to_the_client_is_304_with_the_same_tag(routed, service, compression):
    """Weak, as it was told."""
    service.will(WORDS, content_type="text/plain", etag='"e"', cache_control="max-age=60")
    ask = await routed(OPEN, compression=compression)
    await ask("/a", **GZIP)

    again = await ask("/a", if_none_match='W/"e"', **GZIP)

    assert (again.status, again.fields.only("etag"), again.body) == (304, 'W/"e"', b"")


async def test_an_answer_that_breaks_off_has_no_end(routed, service, compression, broken):
    """Neither of the message nor of the gzip stream."""
    service.will(WORDS, broken, content_type="text/plain")
    ask = await routed({**OPEN, "ttl_s": 0}, compression=compression)

    answer = await ask("/a", **GZIP)
    reader = zlib.decompressobj(31)

    assert (reader.decompress(answer.body), reader.eof, answer.is_whole) == (WORDS, False, False)


async def test_each_piece_can_be_read_when_it_comes(compression):
    """Nothing is held back for the next one."""

    class Pieces:
        left = [b"first", b"second"]  # noqa: RUF012  used once

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    reader = zlib.decompressobj(31)

    read = [reader.decompress(piece) async for piece in CompressedPieces(Pieces(), compression.note)]

    assert read == [b"first", b"second", b""]
    assert reader.eof
