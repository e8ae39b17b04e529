"""What a route did shows under its path, and under no other word of a client."""

import asyncio

OPEN = {"protection": "none"}


async def test_a_route_is_counted_by_its_path(routed, service):
    """Outcomes of the cache, attempts, and what was refused."""
    service.will(b"kept", cache_control="max-age=60").will_fail("broken").will(b"good")
    ask = await routed(
        {**OPEN, "path": "/shop/", "retries": 1},
        {"path": "/mine/", "limit": {"rate_per_s": 1, "burst": 1}, "ttl_s": 0},
    )

    for target in ("/shop/a", "/shop/a", "/shop/b"):
        await ask(target)
    statuses = [(await ask("/mine/x", user="alice")).status for _ in range(2)]

    assert statuses == [200, 429]
    assert ask.metric("scalelab_route_outcomes_total", {"route": "/shop/", "outcome": "HIT"}) == 1
    assert ask.metric("scalelab_route_outcomes_total", {"route": "/shop/", "outcome": "MISS"}) == 2
    assert ask.metric("scalelab_route_outcomes_total", {"route": "/mine/", "outcome": "BYPASS"}) == 1
    assert ask.metric("scalelab_route_outcomes_total", {"route": "/mine/", "outcome": "none"}) == 1
    assert ask.metric("scalelab_route_upstream_requests_total", {"route": "/shop/"}) == 3
    assert ask.metric("scalelab_route_upstream_requests_total", {"route": "/shop/b"}) is None


async def test_slots_are_counted(routed, service):
    """In use, and asked for in vain."""
    hold = asyncio.Event()
    service.will(b"1", hold)
    ask = await routed({**OPEN, "path": "/slow", "ttl_s": 0, "slots": 1, "timeout_s": 0.01})

    first = asyncio.ensure_future(ask("/slow"))
    await service.reached.wait()
    await ask("/slow")
    in_use = ask.metric("scalelab_route_slots_in_use", {"route": "/slow"})
    hold.set()
    await first

    assert (in_use, ask.metric("scalelab_route_slots_in_use", {"route": "/slow"})) == (1, 0)
    assert ask.metric("scalelab_route_without_slot_total", {"route": "/slow"}) == 1


async def test_a_route_that_is_gone_takes_its_series_along(routed, service):
    """One that stays, or changes, goes on counting."""
    service.will(b"good")
    ask = await routed({**OPEN, "path": "/a", "ttl_s": 0}, {**OPEN, "path": "/b", "ttl_s": 0})
    for target in ("/a", "/b"):
        await ask(target)

    ask.change({**OPEN, "path": "/a", "ttl_s": 0, "timeout_s": 3})
    await ask("/a")

    assert ask.metric("scalelab_route_upstream_requests_total", {"route": "/a"}) == 2
    assert ask.metric("scalelab_route_upstream_requests_total", {"route": "/b"}) is None
