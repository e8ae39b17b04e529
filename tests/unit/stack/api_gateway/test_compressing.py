"""Compressed answers of a gateway: for whom, how they can be kept and asked for again, and what the caches hold."""

import gzip

import pytest

WORDS = "a word and another word, " * 40


def json_length(answer):
    assert int(answer["Content-Length"]) == len(answer.body)
    return len(answer.body)


@pytest.fixture
def lab(build_lab, scripted):
    """With compression, and a record that is worth it."""
    lab = build_lab(compression=True, hit_path=False)
    lab.database.answers = [scripted.record(1, WORDS)]
    return lab


async def test_whoever_takes_gzip_has_it_and_nobody_else(lab):
    """C11: from one entry, which is held as it came; lengths fit, the tag is weak where the bytes are others."""
    answers = [
        await lab.client.get("/data?key=1", **({"Accept-Encoding": takes} if takes else {}))
        for takes in ("gzip", None, "gzip", "br, gzip;q=0.5", "gzip;q=0")
    ]

    assert [repr(answer) for answer in answers] == ["200 MISS"] + ["200 HIT"] * 4
    assert [answer["Content-Encoding"] for answer in answers] == ["gzip", None, "gzip", "gzip", None]
    plain = answers[1]
    for answer in answers:
        is_compressed = answer["Content-Encoding"] == "gzip"
        assert (gzip.decompress(answer.body) if is_compressed else answer.body) == plain.body
        assert answer["ETag"] == ("W/" if is_compressed else "") + plain["ETag"]
        assert answer["Vary"] == "Accept-Encoding"
        assert (json_length(answer) < len(plain.body) / 4) == is_compressed
    assert len(lab.database.asked) == 1


async def test_a_client_may_ask_whether_it_has_changed(lab):
    """304 by the weak tag as by the strong one; it says the same tag, and varies as the 200 does."""
    first = await lab.client.get("/data?key=1", **{"Accept-Encoding": "gzip"})

    for known in (first["ETag"], first["ETag"].removeprefix("W/")):
        again = await lab.client.get("/data?key=1", **{"Accept-Encoding": "gzip", "If-None-Match": known})
        assert (again.status, again.body, again["ETag"], again["Vary"]) == (
            304,
            b"",
            first["ETag"],
            "Accept-Encoding",
        )


async def test_a_head_says_what_its_get_would(lab):
    """The same length."""
    get, head = [
        await lab.client.request(method, "/data?key=1", headers={"Accept-Encoding": "gzip"})
        for method in ("GET", "HEAD")
    ]

    assert (head["Content-Length"], head["Content-Encoding"]) == (get["Content-Length"], "gzip")


async def test_short_answers_and_those_that_forbid_it_stay_as_they_are(lab, scripted):
    """`no-transform`, and what is shorter than the least."""
    lab.database.answers = [scripted.record(1, "short"), scripted.ok({"v": WORDS}, ("Cache-Control", "no-transform"))]

    answers = [await lab.client.get(f"/data?key={key}", **{"Accept-Encoding": "gzip"}) for key in (1, 2)]

    assert [(answer["Content-Encoding"], answer["Vary"]) for answer in answers] == [(None, None)] * 2


async def test_a_long_body_is_compressed_in_a_thread(lab, scripted):
    """The same answer; other requests go on meanwhile."""
    lab.database.answers = [scripted.record(1, WORDS * 100)]

    answers = [await lab.client.get("/data?key=1", **{"Accept-Encoding": "gzip"}) for _ in range(2)]

    assert [repr(answer) for answer in answers] == ["200 MISS", "200 HIT"]
    assert [gzip.decompress(answer.body).count(b"another") for answer in answers] == [4000, 4000]


async def test_its_worth_is_counted(lab):
    """Bytes before and after."""
    answer = await lab.client.get("/data?key=1", **{"Accept-Encoding": "gzip"})
    lab.metrics.exposition()

    assert lab.metric("scalelab_compression_given_bytes_total") == len(answer.body)
    assert lab.metric("scalelab_compression_taken_bytes_total") == len(gzip.decompress(answer.body))


async def test_by_default_nothing_is_compressed(build_lab, scripted):
    """And nothing varies."""
    lab = build_lab()
    lab.database.answers = [scripted.record(1, WORDS)]

    answer = await lab.client.get("/data?key=1", **{"Accept-Encoding": "gzip"})

    assert (answer["Content-Encoding"], answer["Vary"]) == (None, None)
