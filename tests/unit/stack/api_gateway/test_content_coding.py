"""Who may have a compressed answer, which answers may be compressed, and what they say then."""

import pytest

from scalelab.stack.api_gateway.content_coding import (
    accepts_gzip,
    announced_bytes,
    compressed_fields,
    is_compressible,
    varying,
)

JSON = (b"content-type", b"application/json")


@pytest.mark.parametrize(
    ("accept_encoding", "takes_it"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["br, zstd, gzip"], True),
        (["br", "gzip"], True),
        (["*"], True),
        (["identity"], False),
        (["gzip;q=0"], False),
        (["gzip; q=0.000"], False),
        (["*;q=0"], False),
        (["gzip;q=0, *"], False),
        (["gzip;q=0.5"], True),
        (["gzip;q=0.5, identity"], False),
        (["gzip;q=0.5, identity;q=0.1"], True),
        (["gzip;q=2"], False),
        (["gzip;level=9"], False),
        (["gzip;q=nan"], False),
        (["bgzip"], False),
    ],
)
def test_who_takes_gzip(accept_encoding, takes_it):
    """RFC 9110, section 12.5.3; without the field nothing is compressed, though the standard would let us."""
    assert accepts_gzip(accept_encoding) is takes_it


@pytest.mark.parametrize(
    ("media_type", "is_worth_it"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (b"application/problem+json", True),
        (b"text/html", True),
        (b"text/plain;charset=utf-8", True),
        (b"image/svg+xml", True),
        (b"application/xml", True),
        (b"application/javascript", True),
        (b"text/event-stream", False),
        (b"image/png", False),
        (b"application/zip", False),
        (b"application/octet-stream", False),
        (b"multipart/byteranges", False),
        (b"", False),
    ],
)
def test_which_types_are_worth_it(media_type, is_worth_it):
    """Text and its like; never events, which must arrive one by one."""
    assert is_compressible(200, [(b"content-type", media_type)]) is is_worth_it


@pytest.mark.parametrize(
    "forbidding",
    [
        (b"content-encoding", b"br"),
        (b"content-encoding", b"identity"),
        (b"content-range", b"bytes 0-1/2"),
        (b"content-digest", b"sha-256=:x=:"),
        (b"content-md5", b"x"),
        (b"cache-control", b"max-age=1, No-Transform"),
    ],
)
def test_what_forbids_it(forbidding):
    """Whatever describes the bytes as they are, or says that nobody may change them (RFC 9110, section 7.7)."""
    assert not is_compressible(200, [JSON, forbidding])


@pytest.mark.parametrize(
    ("status", "may_be"), [(200, True), (404, True), (101, False), (204, False), (206, False), (304, False)]
)
def test_which_statuses_have_a_whole_body(status, may_be):
    """A part of a body is no body."""
    assert is_compressible(status, [JSON]) is may_be


def test_the_fields_of_a_compressed_answer():
    """Its own length, a weak tag, no ranges, and what it varies on."""
    fields = [
        JSON,
        (b"content-length", b"900"),
        (b"etag", b'"e"'),
        (b"accept-ranges", b"bytes"),
        (b"vary", b"Origin"),
    ]

    assert compressed_fields(fields, 80) == [
        (b"content-length", b"80"),
        (b"content-encoding", b"gzip"),
        (b"vary", b"Origin, Accept-Encoding"),
        JSON,
        (b"etag", b'W/"e"'),
    ]
    assert b"content-length" not in dict(compressed_fields(fields, None))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], b"Accept-Encoding"),
        ([b"Origin", b"Accept"], b"Origin, Accept, Accept-Encoding"),
        ([b"accept-encoding"], b"accept-encoding"),
        ([b"*"], b"*"),
    ],
)
def test_vary_stands_once(before, after):
    """Whatever it said before."""
    assert varying([(b"vary", value) for value in before]) == [(b"vary", after)]


@pytest.mark.parametrize(
    ("values", "length"), [([], None), ([b"7"], 7), ([b"7", b"7"], None), ([b"-1"], None), ([b"x"], None)]
)
def test_what_length_is_announced(values, length):
    """Digits, once."""
    assert announced_bytes([(b"content-length", value) for value in values]) == length
