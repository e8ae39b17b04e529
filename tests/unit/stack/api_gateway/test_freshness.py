"""What may be stored, for how long, and what a client knows already."""

import pytest

from scalelab.stack.api_gateway.freshness import (
    directives,
    is_known_to_client,
    lookup_wish,
    storable_s,
    strong_entity_tag,
)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], {}),
        (["no-cache"], {"no-cache": ""}),
        (["Max-Age=5, PUBLIC"], {"max-age": "5", "public": ""}),
        (['private="set-cookie, x", max-age="7"'], {"private": "set-cookie, x", "max-age": "7"}),
        (["max-age=5", "no-store"], {"max-age": "5", "no-store": ""}),
        (["max-age=5, max-age=9"], {"max-age": "5"}),
    ],
)
def test_directives_are_read_from_all_headers(headers, found):
    """Names in lower case, quoted or plain values, the first of two."""
    assert directives(headers) == found


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("", "use"),
        ("max-age=60", "use"),
        ("no-cache", "refresh"),
        ("No-Cache", "refresh"),
        ("max-age=0", "refresh"),
        ("no-store", "ignore"),
        ("no-cache, no-store", "ignore"),
    ],
)
def test_the_request_says_what_the_cache_may_do(header, wish):
    """no-store outweighs no-cache."""
    assert lookup_wish([header]) == wish


@pytest.mark.parametrize(
    ("status", "headers", "ttl_s"),
    [
        (200, [], 60),
        (200, [("cache-control", "public")], 60),
        (200, [("cache-control", "max-age=5")], 5),
        (200, [("cache-control", "max-age=500")], 60),
        (200, [("cache-control", "max-age=5, s-maxage=7")], 7),
        (200, [("cache-control", "max-age=x")], 0),
        (200, [("cache-control", "max-age=-1")], 0),
        (200, [("cache-control", "max-age=\u0665")], 0),
        (200, [("cache-control", "max-age=0")], 0),
        (200, [("Cache-Control", "no-store")], 0),
        (200, [("cache-control", "private")], 0),
        (200, [("cache-control", 'private="x"')], 0),
        (200, [("cache-control", "no-cache")], 0),
        (200, [("cache-control", "public"), ("cache-control", "no-store")], 0),
        (200, [("set-cookie", "sid=a")], 0),
        (200, [("Set-Cookie", "sid=a"), ("cache-control", "max-age=60")], 0),
        (200, [("content-encoding", "gzip")], 0),
        (200, [("vary", "*")], 0),
        (200, [("vary", "Accept, *")], 0),
        (200, [("vary", "Accept")], 60),
        *((status, [], 0) for status in (201, 204, 206, 301, 304, 400, 401, 403, 404, 410, 500, 503)),
    ],
    ids=str,
)
def test_only_what_may_be_kept_is_kept_for_as_long_as_it_may(status, headers, ttl_s):
    """Whatever is in doubt is not kept."""
    assert storable_s(status, headers, 60.0) == ttl_s


@pytest.mark.parametrize(
    ("if_none_match", "is_known"),
    [
        (['"a"'], True),
        (['W/"a"'], True),
        (['"b", "a"'], True),
        (['"b"', '"a"'], True),
        (["*"], True),
        (['"b"'], False),
        (["a"], False),
        ([], False),
        (['"a,b"'], False),
        (['"*"'], False),
    ],
)
def test_entity_tags_are_compared_weakly(if_none_match, is_known):
    """As RFC 9110 has it for If-None-Match."""
    assert is_known_to_client(if_none_match, '"a"') == is_known


def test_entity_tags_are_strong_and_follow_the_bytes():
    """The same bytes, the same tag; no weak mark."""
    assert strong_entity_tag(b"a") == strong_entity_tag(b"a") != strong_entity_tag(b"b")
    assert strong_entity_tag(b"").startswith('"')
