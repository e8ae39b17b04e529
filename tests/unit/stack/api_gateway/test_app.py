"""The gateway's public behaviour, told as exchanges."""

import asyncio
import json

import pytest

from scalelab.contracts.stack_identity import stack_identity

CACHE_HITS = "scalelab_cache_hits_total"
CACHE_MISSES = "scalelab_cache_misses_total"


async def test_health_names_instance_and_stack(lab):
    """Open to anybody, and no service is asked."""
    lab.client.token = None

    answer = await lab.client.get("/health")

    assert answer.json == {"status": "ok", "instance": "api_gateway-1", "stack": stack_identity("nonce")}
    assert answer["X-Scalelab-Instance"] == "api_gateway-1"
    assert lab.database.asked == []


async def test_the_second_reader_is_answered_from_the_cache(lab):
    """Miss, then hit with the same bytes and its age; the database is asked once."""
    first = await lab.client.get("/data?key=1")
    lab.clock.now_s += 7
    second = await lab.client.get("/data?key=1")

    assert [first, second].__repr__() == "[200 MISS, 200 HIT]"
    assert (first["Age"], second["Age"]) == (None, "7")
    assert first["Cache-Status"] == "scalelab; fwd=uri-miss; stored"
    assert second["Cache-Status"] == "scalelab; hit; ttl=53"
    assert (second.body, second["ETag"], second["Content-Type"]) == (first.body, first["ETag"], "application/json")
    assert lab.database.asked == ["GET /records/1"]
    assert lab.metric(CACHE_HITS, route="/data") == lab.metric(CACHE_MISSES, route="/data") == 1


async def test_process_is_cached_like_data(lab):
    """The microservice is asked once."""
    answers = [await lab.client.get("/process?key=1") for _ in range(2)]

    assert repr(answers) == "[200 MISS, 200 HIT]"
    assert lab.microservice.asked == ["GET /process?key=1"]


async def test_public_entries_are_shared_by_subjects(lab):
    """What alice's request stored answers bob's."""
    await lab.client.get("/data?key=1")
    lab.client.token = lab.token_of("bob")

    assert repr(await lab.client.get("/data?key=1")) == "200 HIT"


@pytest.mark.parametrize("target", ["/data?key=1", "/process?key=1"])
async def test_a_stored_answer_is_for_nobody_without_a_token(lab, target):
    """Authentication comes before the cache: 401 though the answer is at hand."""
    await lab.client.get(target)
    lab.client.token = None
    no_token = await lab.client.get(target)
    lab.client.token = "a.b.c"
    bad_token = await lab.client.get(target)

    assert repr([no_token, bad_token]) == "[401 -, 401 -]"


async def test_an_expired_token_is_no_use_for_a_stored_answer(lab):
    """It ends with expiry plus leeway, to the second, though it was verified before."""
    await lab.client.get("/data?key=1")
    lab.clock.now_s += 3600 + 29.9
    last = await lab.client.get("/data?key=1")
    lab.clock.now_s += 0.2
    too_late = await lab.client.get("/data?key=1")

    assert (last.status, too_late.status) == (200, 401)


async def test_a_write_is_seen_by_the_next_reader(lab, scripted):
    """Read, write, read: the second read misses and sees the new value, in /process too."""
    lab.database.answers = [scripted.record(1, "old"), scripted.record(1, "new", 2)]
    await lab.client.get("/data?key=1")
    await lab.client.get("/process?key=1")

    written = await lab.client.put("/data?key=1", "new")
    data, process = await lab.client.get("/data?key=1"), await lab.client.get("/process?key=1")

    assert repr([written, data, process]) == "[200 BYPASS, 200 MISS, 200 MISS]"
    assert data.json["value"] == "new"
    assert lab.database.asked[1] == "PUT /records/1"
    assert json.loads(lab.database.bodies[1]) == {"value": "new"}


async def test_a_write_makes_old_every_result_the_record_went_into(lab):
    """/process?key=3 is made of records 3 to 10: a write of record 10 drops it, one of record 11 does not."""
    await lab.client.get("/process?key=3")
    await lab.client.put("/data?key=11", "new")
    after_11 = await lab.client.get("/process?key=3")
    await lab.client.put("/data?key=10", "new")
    after_10 = await lab.client.get("/process?key=3")

    assert repr([after_11, after_10]) == "[200 HIT, 200 MISS]"


async def test_a_read_under_way_during_a_write_does_not_store_the_old_value(lab, scripted):
    """The read has fetched the old value, the write ends first, the late fill is refused."""
    slow = scripted.upstream(scripted.record(1, "old"))
    slow.open.clear()
    lab.parts.database = slow
    reading = asyncio.create_task(lab.client.get("/data?key=1"))
    await slow.was_asked.wait()

    lab.parts.database = scripted.upstream(scripted.record(1, "new", 2))
    written = await lab.client.put("/data?key=1", "new")
    slow.open.set()
    old = await reading
    next_read = await lab.client.get("/data?key=1")

    assert written.status == 200
    assert (old.json["value"], old["Cache-Status"]) == ("old", "scalelab; fwd=uri-miss")
    assert (repr(next_read), next_read.json["value"]) == ("200 MISS", "new")


@pytest.mark.parametrize(
    "query",
    ["", "key=", "key=0", "key=-1", "key=01", "key=x", "key=1&key=2", "key=1.0", "key=%D9%A1", "key=" + "9" * 19],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_bad_key_is_a_bad_request(lab, method, query):
    """Refused before the cache and the database are asked."""
    answer = await lab.client.request(method, f"/data?{query}", body=b'{"value": "v"}')

    assert answer.status == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert lab.database.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"value": 1}', 400),
        (b'{"value": "v", "more": 1}', 400),
        (b'{"value": "\\ud800"}', 400),
        (b'{"value": "\\u0000"}', 400),
        (b'{"value": "' + b"v" * 65_536 + b'"}', 413),
    ],
    ids=["empty", "torn", "list", "number", "more", "surrogate", "nul", "large"],
)
async def test_a_bad_body_writes_nothing(lab, body, status):
    """And the answer does not repeat it."""
    answer = await lab.client.request("PUT", "/data?key=1", body=body)

    assert answer.status == status
    assert lab.database.asked == []
    assert b"vvv" not in answer.body


async def test_an_announced_length_is_refused_before_the_body_is_read(lab):
    """413 by the header alone."""
    answer = await lab.client.request("PUT", "/data?key=1", headers={"content-length": "65537"}, body=b"{")

    assert answer.status == 413


async def test_a_record_that_does_not_exist_is_asked_for_again(lab, scripted):
    """404 is passed on and never stored."""
    lab.database.answers = [scripted.ok({"status": 404}, status=404)]
    answers = [await lab.client.get("/data?key=9") for _ in range(2)]

    assert repr(answers) == "[404 MISS, 404 MISS]"
    assert answers[0]["Cache-Status"] == "scalelab; fwd=uri-miss"
    assert len(lab.database.asked) == 2


async def test_a_client_that_knows_the_answer_gets_304(lab):
    """On a miss, on a hit, and from a list; without body, type and length."""
    tag = (await lab.client.get("/data?key=1"))["ETag"]
    hit = await lab.client.get("/data?key=1", if_none_match=tag)
    listed = await lab.client.get("/data?key=1", if_none_match=f'"other", W/{tag}')
    other = await lab.client.get("/data?key=1", if_none_match='"other"')
    await lab.parts.cache.flush()
    miss = await lab.client.get("/data?key=1", if_none_match=tag)

    assert repr([hit, listed, other, miss]) == "[304 HIT, 304 HIT, 200 HIT, 304 MISS]"
    assert (hit.body, hit["Content-Type"], hit["Content-Length"], hit["ETag"]) == (b"", None, None, tag)


async def test_a_head_is_answered_from_the_entry_of_its_get(lab):
    """And fills it, because the service was asked with GET."""
    answers = [await lab.client.request(method, "/data?key=1") for method in ("HEAD", "GET", "HEAD")]

    assert repr(answers) == "[200 MISS, 200 HIT, 200 HIT]"
    assert lab.database.asked == ["GET /records/1"]


async def test_who_asks_for_no_cache_goes_past_it_and_refreshes_it(lab, scripted):
    """no-cache: the service is asked, the entry is replaced. no-store: neither looked up nor stored."""
    lab.database.answers = [scripted.record(1, "first"), scripted.record(1, "second"), scripted.record(1, "third")]
    await lab.client.get("/data?key=1")
    refreshed = await lab.client.get("/data?key=1", cache_control="no-cache")
    hit = await lab.client.get("/data?key=1")
    not_stored = await lab.client.get("/data?key=1", cache_control="no-store")
    hit_again = await lab.client.get("/data?key=1")

    values = [answer.json["value"] for answer in (refreshed, hit, not_stored, hit_again)]
    assert repr([refreshed, hit, not_stored, hit_again]) == "[200 BYPASS, 200 HIT, 200 BYPASS, 200 HIT]"
    assert values == ["second", "second", "third", "second"]
    assert refreshed["Cache-Status"] == "scalelab; fwd=request; stored"


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {}], ids=["host", "query"])
async def test_another_host_or_query_is_another_entry(lab, other):
    """No request is answered with another's entry."""
    await lab.client.get("/data?key=1")
    target = "/data?key=1" if other else "/data?key=1&x=2"

    assert repr(await lab.client.get(target, **other)) == "200 MISS"


async def test_only_harmless_headers_go_upstream(lab):
    """Nothing that is not in the key reaches the service that fills the entry."""
    await lab.client.get("/data?key=1", x_forwarded_host="evil", cookie="a=b", accept_language="fr")

    assert lab.database.sent_headers == [{"Accept-Encoding": "identity"}]


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("gzip, identity", 415), ("Identity", 200)])
async def test_nothing_that_is_sent_is_unpacked(lab, coding, status):
    """415: a small body stays a small one."""
    answer = await lab.client.request(
        "PUT", "/data?key=1", headers={"content-encoding": coding}, body=b'{"value": "v"}'
    )

    assert answer.status == status


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("POST", "/data?key=1", {"GET", "HEAD", "PUT"}),
        ("GET", "/login", {"POST"}),
        ("PATCH", "/longtask", {"GET", "HEAD", "POST"}),
        ("PATCH", "/longtask/" + "a" * 32, {"GET", "HEAD", "DELETE"}),
        ("DELETE", "/process?key=1", None),
    ],
)
async def test_a_method_that_is_not_there_is_405(lab, method, target, allowed):
    """With the list of those that are."""
    answer = await lab.client.request(method, target)

    assert answer.status == 405
    assert allowed is None or set(answer["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("target", ["/nothing", "//data?key=1", "/data/1", "/data;x?key=1", "/public/../data?key=1"])
async def test_a_path_that_is_not_there_is_404(lab, target):
    """No path is read as another."""
    answer = await lab.client.get(target)

    assert answer.status == 404
    assert lab.database.asked == []


async def test_flush_empties_the_cache(lab):
    """Afterwards everybody misses."""
    await lab.client.get("/data?key=1")
    await lab.parts.cache.flush()

    assert repr(await lab.client.get("/data?key=1")) == "200 MISS"


async def test_the_public_keys_verify_the_tokens(lab):
    """The key set holds the key that the token names, and nothing private."""
    import jwt  # noqa: PLC0415  only here

    keys = (await lab.client.get("/.well-known/jwks.json")).json["keys"]
    kid = jwt.get_unverified_header(lab.client.token)["kid"]

    assert [key["kid"] for key in keys] == [kid]
    assert set(keys[0]) == {"kty", "crv", "x", "kid", "alg", "use"}


async def test_a_shared_secret_is_not_published(build_lab, secret_file):
    """HS256: an empty key set, and tokens that work."""
    lab = build_lab(token_algorithm="HS256", signing_key_file=secret_file)

    assert (await lab.client.get("/.well-known/jwks.json")).json == {"keys": []}
    assert (await lab.client.get("/data?key=1")).status == 200


async def test_tasks_need_a_token_and_a_queue(lab):
    """401 without a token; the long-task routes are there."""
    lab.client.token = None

    assert (await lab.client.request("POST", "/longtask", body=b"{}")).status == 401


async def test_the_description_names_every_route_and_its_references_exist(lab):
    """What the gateway answers stands in /openapi.json, and every reference leads somewhere."""
    document = (await lab.client.get("/openapi.json")).json
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert set(document["paths"]) == {
        "/health",
        "/health/live",
        "/health/ready",
        "/login",
        "/logout",
        "/token/refresh",
        "/data",
        "/process",
        "/longtask",
        "/longtask/{id}",
        "/longtask/{id}/events",
        "/.well-known/jwks.json",
        "/openapi.json",
    }
    assert names <= set(document["components"]["schemas"])
