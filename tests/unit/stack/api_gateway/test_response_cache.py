"""`@cached` by itself: sharing, order of decorators, faults of the engine."""

import pytest

from scalelab.stack.api_gateway.authentication import requires_token
from scalelab.stack.api_gateway.response_cache import MAX_BODY_BYTES, cached
from scalelab.stack.cache import Lookup, MemoryCache

FAULTS = "scalelab_cache_faults_total"


class BrokenCache(MemoryCache):
    """Every call meets a fault."""

    async def get(self, _key, _tag, **_how):
        return Lookup(fault="timeout")

    async def put(self, *_what, **_how):
        raise AssertionError("nothing may be stored without a fence")


class TornCache(MemoryCache):
    """Values come back with a byte missing."""

    async def get(self, key, tag, **how):
        lookup = await super().get(key, tag, **how)
        return lookup if lookup.value is None else Lookup(lookup.value[:-1], lookup.fence)


def test_the_cache_never_stands_above_authentication():
    """The order is checked when the module is read, not when somebody is let in who should not be."""

    @requires_token
    async def handler(request):
        raise NotImplementedError

    with pytest.raises(TypeError, match="@cached stands above @requires_token"):
        cached(ttl_s=1.0, tag=lambda _request: "t")(handler)


async def test_by_default_each_subject_has_an_entry_of_its_own(lab, scripted):
    """Alice's answer is not bob's: the default is the safe one."""
    from starlette.responses import Response  # noqa: PLC0415  this test alone builds a route
    from starlette.routing import Route  # noqa: PLC0415

    from scalelab.stack.api_gateway.gateway_layer import GatewayLayer  # noqa: PLC0415
    from scalelab.stack.service_kit.service import build_service  # noqa: PLC0415

    @requires_token
    @cached(ttl_s=60.0, tag=lambda _request: "t")
    async def who_am_i(request):
        return Response(request.state.subject)

    service = build_service(lab.settings, [Route("/me", who_am_i)], metrics=lab.metrics)
    client = scripted.client(
        GatewayLayer(
            service,
            instance="i",
            authenticator=lab.parts.authenticator,
            response_cache=lab.parts.response_cache,
        )
    )
    seen = []
    for subject in ("alice", "bob", "alice", "bob"):
        client.token = lab.token_of(subject)
        answer = await client.get("/me")
        seen.append((answer.body.decode(), answer["X-Cache"]))

    assert seen == [("alice", "MISS"), ("bob", "MISS"), ("alice", "HIT"), ("bob", "HIT")]


async def test_a_cache_that_does_not_answer_is_a_miss(lab):
    """The request goes on; the answer says why there was no hit; nothing is stored without a fence."""
    lab.parts.response_cache.store._cache = BrokenCache()

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert repr(answers) == "[200 MISS, 200 MISS]"
    assert answers[0]["Cache-Status"] == "scalelab; fwd=miss; detail=cache-timeout"


async def test_a_torn_entry_is_a_counted_miss_and_replaced(lab):
    """The service is asked again."""
    lab.parts.response_cache.store._cache = TornCache()

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert repr(answers) == "[200 MISS, 200 MISS]"
    assert lab.metric(FAULTS, kind="torn") == 1


@pytest.mark.parametrize(
    "header", [("Set-Cookie", "sid=a"), ("Cache-Control", "no-store"), ("Cache-Control", "private")], ids=str
)
async def test_what_a_service_forbids_is_not_stored(lab, scripted, header):
    """And passed on as it is."""
    lab.database.answers = [scripted.ok({}, header)]

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert repr(answers) == "[200 MISS, 200 MISS]"
    assert answers[0][header[0]] == header[1]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_refusal_is_not_stored(lab, scripted, status):
    """C34, C35: the next one is asked for anew, and is not given somebody else's refusal."""
    lab.database.answers = [scripted.ok({}, ("Cache-Control", "max-age=60"), status=status), scripted.ok({"a": 1})]

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert len(lab.database.sent_headers) == 2
    assert [answer["X-Cache"] for answer in answers] == ["MISS", "MISS"]
    assert answers[1].status == 200


@pytest.mark.parametrize("field", ["X_Real_IP", "X_Forwarded_For", "X_Forwarded_Host", "Forwarded"])
async def test_what_a_client_says_of_itself_is_in_no_key_and_reaches_no_service(lab, field):
    """C04, C06: neither can it take another's entry, nor make one that others are given."""
    first = await lab.client.get("/data?key=1", **{field: "victim"})
    second = await lab.client.get("/data?key=1", **{field: "evil"})

    assert (first["X-Cache"], second["X-Cache"]) == ("MISS", "HIT")
    assert not any("victim" in str(headers) for headers in lab.database.sent_headers)


async def test_a_very_large_answer_is_not_stored(lab, scripted):
    """It would push out everything else."""
    lab.database.answers = [scripted.ok({"value": "v" * MAX_BODY_BYTES})]

    answers = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert repr(answers) == "[200 MISS, 200 MISS]"


async def test_a_tag_of_the_service_is_kept_if_it_is_strong(lab, scripted):
    """A weak one is replaced: the gateway vouches for bytes."""
    lab.database.answers = [scripted.ok({}, ("ETag", '"1-a"')), scripted.ok({}, ("ETag", 'W/"1-a"'))]
    strong, weak = [await lab.client.get(f"/data?key={key}") for key in (1, 2)]

    assert strong["ETag"] == '"1-a"'
    assert weak["ETag"].startswith('"')
    assert weak["ETag"] != '"1-a"'
