"""Requests through routes of one's own: who is let in, what is kept for whom, what passes, and a change meanwhile."""

import asyncio

import pytest

OPEN = {"protection": "none"}


async def test_nobody_learns_anything_without_a_token(routed, service):
    """Not even that an answer is kept; nothing reaches the service."""
    service.will(cache_control="max-age=60")
    ask = await routed({"sharing": "public"})

    assert [(await ask("/a")).outcome for _ in range(2)] == ["MISS", "HIT"]
    refused = await ask("/a", user=None)

    assert (refused.status, refused.outcome) == (401, None)
    assert "www-authenticate" in refused.fields
    assert len(service.seen) == 1


async def test_a_scope_is_asked_for_before_the_cache(routed, service):
    """403, and the answer of who has it stays where it is."""
    service.will(cache_control="max-age=60")
    ask = await routed({"sharing": "public", "scope": "read"})

    assert (await ask("/a", user="alice:read")).status == 200
    assert (await ask("/a", user="bob")).status == 403


@pytest.mark.parametrize(
    ("sharing", "outcomes"),
    [
        (None, ["MISS", "HIT", "MISS", "MISS"]),
        ("per_subject", ["MISS", "HIT", "MISS", "MISS"]),
        ("per_scope", ["MISS", "HIT", "HIT", "MISS"]),
        ("public", ["MISS", "HIT", "HIT", "HIT"]),
    ],
)
async def test_answers_are_shared_as_far_as_said(routed, service, sharing, outcomes):
    """Nobody else, who has the same scopes, everybody."""
    service.will(cache_control="max-age=60")
    ask = await routed({} if sharing is None else {"sharing": sharing})

    users = ["alice:a b", "alice:b a", "bob:a b", "carol:a"]

    assert [(await ask("/a", user=user)).outcome for user in users] == outcomes


@pytest.mark.parametrize(
    ("sharing", "told"), [("per_subject", ("alice", "a b")), ("per_scope", (None, "a b")), ("public", (None, None))]
)
async def test_a_service_is_told_of_the_user_what_is_in_the_key(routed, service, sharing, told):
    """Never what the client says of itself, and never the token."""
    service.will(cache_control="max-age=60")
    ask = await routed({"sharing": sharing})

    await ask("/a", user="alice:b a", x_forwarded_user="eve", x_forwarded_scope="root")

    fields = service.seen[0].fields
    assert (fields.only("x-forwarded-user"), fields.only("x-forwarded-scope")) == told
    assert "authorization" not in fields


@pytest.mark.parametrize(
    "other", [{"target": "/b"}, {"target": "/a?x=1"}, {"host": "other"}, {"accept": "text/html"}]
)
async def test_what_makes_another_answer_is_another_entry(routed, service, other):
    """Path, query, host and the declared fields are in the key."""
    service.will(b"1", cache_control="max-age=60").will(b"2", cache_control="max-age=60")
    ask = await routed({"vary": ["Accept"]})

    await ask("/a", accept="text/plain")
    second = await ask(**{"target": "/a", "accept": "text/plain", **other})

    assert second.body == b"2"


async def test_what_is_in_no_key_does_not_reach_the_service(routed, service):
    """So that no client can choose the answer of another by it."""
    service.will(cache_control="max-age=60")
    ask = await routed({**OPEN, "vary": ["accept"], "key": ["page"]})

    await ask(
        "/a?utm=1&page=2&p%61ge=3",
        user="x",
        accept="text/plain",
        cookie="a=b",
        x_host="evil",
        pragma="x",
        cache_control="max-stale",
    )
    second = await ask("/a?page=2&p%61ge=3&utm=9", user=None, accept="text/plain", cookie="c=d")

    assert second.outcome == "HIT"
    seen = service.seen[0]
    assert seen.url == "/a?page=2&p%61ge=3"
    assert {name for name, _ in seen.fields} == {"accept", "accept-encoding", "surrogate-capability"}
    assert seen.fields.only("accept-encoding") == "identity"


@pytest.mark.parametrize(
    "headers", [{"set_cookie": "sid=a", "cache_control": "max-age=60"}, {"cache_control": "private"}, {"vary": "*"}]
)
async def test_what_is_one_clients_is_never_shared(routed, service, headers):
    """Whatever the route's time to live says."""
    service.will(**headers)
    ask = await routed({**OPEN, "ttl_s": 60})

    assert [(await ask("/a")).outcome for _ in range(2)] == ["MISS", "MISS"]


async def test_the_time_to_live_is_for_answers_that_do_not_say(routed, service):
    """Good ones without a word are kept; `max-age=0` is a word; errors are not kept."""
    service.will().will(cache_control="max-age=0").will(cache_control="max-age=0").will(status=500).will(status=500)
    ask = await routed({**OPEN, "ttl_s": 60})

    outcomes = [(await ask(path)).outcome for path in ("/a", "/a", "/b", "/b", "/c", "/c")]

    assert outcomes == ["MISS", "HIT", "MISS", "MISS", "MISS", "MISS"]


async def test_only_declared_methods_pass(routed, service):
    """405 with Allow; the service is not asked."""
    ask = await routed({"methods": ["GET", "POST"]})

    refused = await ask("/a", "DELETE")

    assert (refused.status, refused.fields.only("allow")) == (405, "GET, HEAD, POST")
    assert (refused.template, service.seen) == (None, [])


async def test_a_write_passes_with_its_body_and_makes_old_what_was_kept(routed, service):
    """All end-to-end fields go along; the next read asks."""
    service.will(b"1", cache_control="max-age=60").will(status=201).will(b"2", cache_control="max-age=60")
    ask = await routed({**OPEN, "methods": ["GET", "POST"]})

    await ask("/a")
    written = await ask(
        "/a", "POST", body=b"x" * 10, cookie="a=b", connection="x-hop", x_hop="1", x_forwarded_for="9", x_real_ip="9"
    )
    third = await ask("/a")

    sent = service.seen[1]
    assert (written.status, written.outcome, third.body) == (201, "BYPASS", b"2")
    assert (sent.body, sent.size) == (b"x" * 10, 10)
    assert (sent.fields.only("cookie"), sent.fields.only("x-forwarded-for")) == ("a=b", "192.0.2.7")
    assert not {"x-hop", "x-real-ip"}.intersection(name for name, _ in sent.fields)


async def test_a_large_answer_passes_piece_by_piece(routed, service):
    """What cannot be held is asked for again and passed on; the piece in hand is all that is held."""
    service.will(b"12", content_length=str(2**30)).will(b"12", b"34", content_length="4")
    ask = await routed({**OPEN, "ttl_s": 60})

    answer = await ask("/a")

    assert (answer.status, answer.body, answer.outcome) == (200, b"1234", "BYPASS")
    assert all(body.is_closed for body in service.bodies)


async def test_an_answer_that_breaks_off_is_not_ended(routed, service, broken):
    """So that the client can tell it from a whole one."""
    service.will(b"12", broken)
    ask = await routed({**OPEN, "ttl_s": 0})

    answer = await ask("/a")

    assert (answer.body, answer.is_whole) == (b"12", False)
    assert service.bodies[0].is_closed


async def test_a_client_that_goes_lets_the_service_go(routed, service):
    """An answer without an end holds no connection for nobody."""
    service.will(b"1", asyncio.Event())
    ask = await routed({**OPEN, "ttl_s": 0, "slots": 1})

    reading = asyncio.ensure_future(ask("/a"))
    await asyncio.sleep(0)
    ask.gone.set()
    await reading

    assert service.bodies[0].is_closed


@pytest.mark.parametrize(("kind", "status"), [("timeout", 504), ("unreachable", 503), ("broken", 502)])
async def test_a_fault_of_the_service_is_told(routed, service, kind, status):
    """As for every service behind the gateway."""
    service.will_fail(kind)
    ask = await routed(OPEN)

    assert (await ask("/a")).status == status


async def test_reads_are_repeated_and_writes_are_not(routed, service):
    """Within the number that the route allows; the answer that was not good enough is let go."""
    service.will_fail("broken").will(status=503).will(b"good").will_fail("broken").will(b"never")
    ask = await routed({**OPEN, "methods": ["GET", "POST"], "retries": 2, "ttl_s": 0})

    assert (await ask("/a")).body == b"good"
    assert service.bodies[0].is_closed
    assert (await ask("/a", "POST")).status == 502


@pytest.mark.parametrize("ttl_s", [0, 60])
async def test_a_route_has_a_deadline_of_its_own(routed, service, ttl_s):
    """504 when there is no head of an answer by then; the body of one that has begun may take longer."""
    hold = asyncio.Event()
    service.will(b"begun", hold)
    ask = await routed(
        {**OPEN, "path": "/late", "ttl_s": ttl_s, "slots": 1, "deadline_s": 0.02}, {**OPEN, "ttl_s": 0}
    )
    first = asyncio.ensure_future(ask("/late"))
    await service.reached.wait()

    late = await ask("/late")  # waits for the slot, or for the other's fetch
    hold.set()

    assert late.status == 504
    assert (await first).status == (200 if ttl_s == 0 else 504)  # what is kept is awaited whole


async def test_a_route_has_slots_of_its_own(routed, service):
    """Beyond them 503 with Retry-After, after the route's time; another route goes on."""
    hold = asyncio.Event()
    service.will(b"1", hold).will(b"2")
    ask = await routed({**OPEN, "path": "/slow/", "ttl_s": 0, "slots": 1, "timeout_s": 0.01}, {**OPEN, "ttl_s": 0})

    first = asyncio.ensure_future(ask("/slow/a"))
    await service.reached.wait()
    full, other = await ask("/slow/b"), await ask("/fast")
    hold.set()

    assert (full.status, full.fields.only("retry-after")) == (503, "1")
    assert (other.status, (await first).status) == (200, 200)
    assert (await ask("/slow/c")).status == 200


async def test_each_user_has_a_limit_for_each_route(routed, service):
    """429 with Retry-After for who asks more; others, and other routes, are not counted along."""
    service.will()
    limited = {"limit": {"rate_per_s": 1, "burst": 2}}
    ask = await routed({**limited, "path": "/a/"}, {**limited, "path": "/b/"})

    statuses = [(await ask("/a/x")).status for _ in range(3)]
    others = [(await ask("/a/x", user="bob")).status, (await ask("/b/x")).status]

    assert (statuses, others) == ([200, 200, 429], [200, 200])
    assert (await ask("/a/x")).fields.only("retry-after") == "1"


async def test_a_change_is_for_the_next_request(routed, service):
    """Who is under way ends as it began; then the old route's connections are closed."""
    hold = asyncio.Event()
    service.will(b"1", hold, b"2")
    ask = await routed({**OPEN, "ttl_s": 0})

    reading = asyncio.ensure_future(ask("/a"))
    await service.reached.wait()
    ask.change({"path": "/b/"})
    gone, closed_before = await ask("/a"), service.closed
    hold.set()
    answer = await reading
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (gone.status, answer.body, answer.is_whole) == (404, b"12", True)
    assert (closed_before, service.closed) == (0, 1)


async def test_a_route_that_stays_keeps_its_slots(routed, service):
    """A change of another route gives nobody a slot more."""
    hold = asyncio.Event()
    service.will(b"1", hold)
    slow = {**OPEN, "path": "/slow/", "ttl_s": 0, "slots": 1, "timeout_s": 0.01}
    ask = await routed(slow, OPEN)

    first = asyncio.ensure_future(ask("/slow/a"))
    await service.reached.wait()
    ask.change(slow)
    full = await ask("/slow/b")
    hold.set()

    assert (full.status, (await first).status) == (503, 200)


async def test_after_a_change_of_who_may_share_nothing_of_before_is_given(routed, service):
    """What was kept for one is not given to all."""
    service.will(cache_control="max-age=60")
    ask = await routed({"sharing": "per_subject"})

    await ask("/a")
    ask.change({"sharing": "public"})

    assert (await ask("/a")).outcome == "MISS"


async def test_paths_without_a_route(routed):
    """404; one that servers read differently is 400 and says so."""
    ask = await routed({"path": "/a/"})

    assert (await ask("/b")).status == 404
    assert (await ask("/a/x?q=\xe9")).status == 400
    assert (await ask("/b/../a/x")).status == 400


@pytest.mark.parametrize("ttl_s", [0, 60])
async def test_answers_can_say_where_their_time_went_and_why_they_are_no_better(routed, service, ttl_s):
    """`Server-Timing` on each, `Proxy-Status` on a fault; by setting."""
    service.will(b"good").will_fail("broken")
    ask = await routed({**OPEN, "ttl_s": ttl_s}, explains=True)

    good, bad = await ask("/a"), await ask("/b")

    names = [part.partition(";")[0] for part in good.fields.only("server-timing").split(", ")]
    assert names == ["gateway", "slot", "upstream", "total"]
    assert "proxy-status" not in good.fields
    assert bad.fields.only("proxy-status") == "scalelab; error=http_response_incomplete"
