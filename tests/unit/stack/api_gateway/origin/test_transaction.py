"""A request through the cache of an origin, with the origin's script beside it."""

import asyncio

import pytest

from scalelab.stack.upstream import UpstreamFault


def outcome(outgoing):
    return outgoing.fields.only("x-cache")


async def test_a_fresh_answer_is_not_asked_for_again(cache, origin, get, clock):
    """C45: MISS and stored, then HIT with its age and what is left of its time."""
    origin.will("max-age=60")

    first = await cache.answer(get())
    clock.now_s += 10
    second = await cache.answer(get())

    assert (outcome(first), outcome(second)) == ("MISS", "HIT")
    assert second.fields.only("age") == "10"
    assert second.fields.only("cache-status") == "scalelab; hit; ttl=50"
    assert second.body == b"body"
    assert len(origin.seen) == 1


@pytest.mark.parametrize("other", [{"url": "/b"}, {"url": "/a?x"}, {"host": "there"}, {"partition": b"x"}])
async def test_another_url_host_or_partition_is_another_entry(cache, origin, get, other):
    """C05: host, path, query, and whatever else the route puts into the key."""
    origin.will("max-age=60", body=b"1").will("max-age=60", body=b"2")

    await cache.answer(get())
    second = await cache.answer(get(**other))

    assert second.body == b"2"


async def test_variants_live_side_by_side(cache, origin, get):
    """C09: each language has its own answer."""
    origin.will("max-age=60", vary="Accept-Language", body=b"en")
    origin.will("max-age=60", vary="Accept-Language", body=b"fr")

    bodies = [(await cache.answer(get(accept_language=language))).body for language in ("en", "fr", "en", "fr")]

    assert bodies == [b"en", b"fr", b"en", b"fr"]
    assert len(origin.seen) == 2


async def test_an_encoded_answer_is_for_who_takes_it(cache, origin, get):
    """C11: who asked for identity is not given the gzip variant, though that is stored."""
    origin.will("max-age=60", vary="Accept-Encoding", content_encoding="gzip", body=b"zipped")
    origin.will("max-age=60", vary="Accept-Encoding", body=b"plain")

    first = await cache.answer(get(accept_encoding="gzip"))
    second = await cache.answer(get(accept_encoding="identity"))
    third = await cache.answer(get(accept_encoding="gzip"))

    assert [first.body, second.body, third.body] == [b"zipped", b"plain", b"zipped"]
    assert second.fields.only("content-encoding") is None
    assert len(origin.seen) == 2


async def test_a_stale_answer_is_validated_and_freshened(cache, origin, get, clock):
    """C14: the origin's 304 renews the stored answer, with its new fields."""
    origin.will("max-age=1", etag='"a"', x="old").will("max-age=60", status=304, body=b"", x="new")

    await cache.answer(get())
    clock.now_s += 5
    second = await cache.answer(get())
    third = await cache.answer(get())

    assert origin.seen[1][2].only("if-none-match") == '"a"'
    assert (second.status, second.body, second.fields.only("x")) == (200, b"body", "new")
    assert outcome(third) == "HIT"


async def test_a_client_that_has_it_gets_a_304(cache, origin, get):
    """From the store, with the tag; If-None-Match before If-Modified-Since."""
    origin.will("max-age=60", etag='"a"')

    await cache.answer(get())
    known = await cache.answer(get(if_none_match='"a"'))
    unknown = await cache.answer(get(if_none_match='"b"', if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT"))

    assert (known.status, known.body, known.fields.only("etag")) == (304, b"", '"a"')
    assert unknown.status == 200


async def test_head_and_ranges_come_from_a_stored_get(cache, origin, get):
    """C07: HEAD from GET; one byte range of a complete answer."""
    origin.will("max-age=60", body=b"0123456789", content_length="10")

    await cache.answer(get())
    head = await cache.answer(get(method="HEAD"))
    part = await cache.answer(get(range="bytes=2-4"))

    assert (head.body, head.fields.only("content-length")) == (b"", "10")
    assert (part.status, part.body, part.fields.only("content-range")) == (206, b"234", "bytes 2-4/10")
    assert len(origin.seen) == 1


async def test_a_get_is_never_answered_from_a_head(cache, origin, get):
    """C07 the other way round."""
    origin.will("max-age=60", body=b"").will("max-age=60")

    await cache.answer(get(method="HEAD"))
    second = await cache.answer(get())

    assert second.body == b"body"


@pytest.mark.parametrize("trouble", ["unreachable", "timeout", 503, 500])
async def test_stale_if_error_covers_every_kind_of_error(cache, origin, get, clock, trouble):
    """C26, C29: refused, too late or 5xx: the stale answer, once, with its own body."""
    origin.will("max-age=1, stale-if-error=60")
    if isinstance(trouble, str):
        origin.will_fail(trouble)
    else:
        origin.will(status=trouble, body=b"error")

    await cache.answer(get())
    clock.now_s += 5
    second = await cache.answer(get())

    assert (second.status, second.body, outcome(second)) == (200, b"body", "STALE")


async def test_an_error_does_not_replace_a_good_answer(cache, origin, get, clock):
    """C27: a cacheable 503 leaves the good entry where it is."""
    origin.will("max-age=1, stale-if-error=60").will("max-age=60", status=503).will_fail()

    await cache.answer(get())
    clock.now_s += 5
    await cache.answer(get())
    third = await cache.answer(get())

    assert (third.status, outcome(third)) == (200, "STALE")


async def test_without_a_window_the_origins_fault_is_told(cache, origin, get, clock):
    """must-revalidate forbids staleness, and so does silence."""
    origin.will("max-age=1, must-revalidate, stale-if-error=60").will_fail("timeout")

    await cache.answer(get())
    clock.now_s += 5
    second = await cache.answer(get())

    assert second == UpstreamFault("timeout", "scripted")


async def test_stale_while_revalidate_answers_at_once_and_refreshes_once(cache, origin, get, clock):
    """C24: stale now, one refresh behind, fresh next."""
    origin.will("max-age=1, stale-while-revalidate=60", body=b"old").will("max-age=60", body=b"new")

    await cache.answer(get())
    clock.now_s += 2
    origin.gate.clear()
    stale = [await cache.answer(get()) for _ in range(3)]
    origin.gate.set()
    await asyncio.gather(*cache._refreshes)
    fresh = await cache.answer(get())

    assert [outcome(answer) for answer in stale] == ["STALE"] * 3
    assert (outcome(fresh), fresh.body) == ("HIT", b"new")
    assert len(origin.seen) == 2


async def test_a_thousand_misses_reach_the_origin_once(cache, origin, get):
    """C16: one fetch; everybody has the answer."""
    origin.will("max-age=60")
    origin.gate.clear()

    waiting = [asyncio.ensure_future(cache.answer(get())) for _ in range(1000)]
    await origin.reached.wait()
    origin.gate.set()
    answers = await asyncio.gather(*waiting)

    assert len(origin.seen) == 1
    assert {answer.body for answer in answers} == {b"body"}
    assert sorted({outcome(answer) for answer in answers}) == ["COALESCED", "MISS"]


async def test_a_leader_who_leaves_harms_nobody(cache, origin, get):
    """C18: the fetch goes on, the others are answered, the answer is stored."""
    origin.will("max-age=60")
    origin.gate.clear()

    leader = asyncio.ensure_future(cache.answer(get()))
    await origin.reached.wait()
    follower = asyncio.ensure_future(cache.answer(get()))
    await asyncio.sleep(0)
    leader.cancel()
    origin.gate.set()
    answer = await follower
    later = await cache.answer(get())

    assert answer.body == b"body"
    assert outcome(later) == "HIT"
    assert len(origin.seen) == 1


async def test_an_uncacheable_answer_is_given_to_nobody_else(cache, origin, get):
    """C21, C22: those who waited ask for themselves, all at once."""
    for number in range(4):
        origin.will("no-store", body=b"%d" % number)
    origin.gate.clear()

    waiting = [asyncio.ensure_future(cache.answer(get())) for _ in range(4)]
    await origin.reached.wait()
    origin.gate.set()
    bodies = {answer.body for answer in await asyncio.gather(*waiting)}

    assert bodies == {b"0", b"1", b"2", b"3"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_successful_write_makes_the_next_read_ask(cache, origin, get, write, method):
    """RFC 9111 section 4.4: the URL and what Location names."""
    origin.will("max-age=60", body=b"1").will("max-age=60", body=b"other")
    origin.will("max-age=60", body=b"2").will("max-age=60", body=b"3")

    await cache.answer(get())
    await cache.answer(get("/b"))
    await write("/a", method, 201, location="/b")

    assert (await cache.answer(get())).body == b"2"
    assert (await cache.answer(get("/b"))).body == b"3"


async def test_a_fill_that_began_before_a_write_does_not_land_after_it(cache, origin, get, write):
    """The fence: an answer fetched before the write is served to its asker and not stored."""
    origin.will("max-age=60", body=b"old")
    origin.gate.clear()

    reading = asyncio.ensure_future(cache.answer(get()))
    await origin.reached.wait()
    origin.gate.set()
    await write("/a", "PUT", 204)
    await reading
    origin.will("max-age=60", body=b"new")

    assert (await cache.answer(get())).body == b"new"


async def test_a_failed_write_leaves_the_store_alone(cache, origin, get, write):
    """A 500 to a POST invalidates nothing."""
    origin.will("max-age=60")

    await cache.answer(get())
    await write("/a", "POST", 500)

    assert outcome(await cache.answer(get())) == "HIT"


@pytest.mark.parametrize(
    ("cache_control", "fields", "wanted"),
    [
        ("max-age=60", {"set_cookie": "sid=a"}, "a cookie is one client's"),
        ("private, max-age=60", {}, "private"),
        ("no-store", {}, "no-store"),
        ("max-age=60", {"vary": "*"}, "varies on everything"),
        (None, {}, "nothing says how long"),
    ],
)
async def test_what_is_not_to_be_shared_is_not_stored(cache, origin, get, cache_control, fields, wanted):
    """C08 and its kind."""
    origin.will(cache_control, **fields).will(cache_control, **fields)

    await cache.answer(get())
    second = await cache.answer(get())

    assert outcome(second) == "MISS", wanted


async def test_behind_authorization_nothing_is_shared_unless_said(cache, origin, get):
    """C01, C02: the presence of the field counts, whoever checks it."""
    origin.will("max-age=60", body=b"a's").will("max-age=60", body=b"b's")

    await cache.answer(get(authorization="Bearer a"))
    second = await cache.answer(get(authorization="Bearer b"))

    assert second.body == b"b's"


async def test_only_if_cached_never_asks_the_origin(cache, origin, get):
    """504 when nothing is stored."""
    answer = await cache.answer(get(cache_control="only-if-cached"))

    assert answer.status == 504
    assert origin.seen == []


async def test_a_client_condition_on_a_miss_goes_to_the_origin(cache, origin, get):
    """Nothing is stored yet: the origin's 304 is the client's."""
    origin.will(status=304, body=b"", etag='"a"')

    answer = await cache.answer(get(if_none_match='"a"'))

    assert (answer.status, answer.body) == (304, b"")
    assert origin.seen[0][2].only("if-none-match") == '"a"'
