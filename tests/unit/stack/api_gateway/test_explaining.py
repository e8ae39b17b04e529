"""Answers that say where their time went, and why there is no better one."""

import re

import pytest

from scalelab.stack.api_gateway.explaining import Explanation


class Clock:
    """Stands still until the test moves it."""

    def __init__(self):
        self.now_s = 5.0

    def __call__(self):
        return self.now_s


def test_time_goes_into_what_is_marked_and_the_whole():
    """Milliseconds, in the order in which they were spent."""
    clock = Clock()
    explanation = Explanation(clock)
    for name, spent_s in (("gateway", 0.001), ("slot", 0.25), ("upstream", 0.1)):
        clock.now_s += spent_s
        explanation.mark(name)
    clock.now_s += 0.0005

    assert explanation.fields() == {
        "Server-Timing": "gateway;dur=1.00, slot;dur=250.00, upstream;dur=100.00, total;dur=351.50"
    }


async def test_a_miss_names_its_stages_and_a_hit_its_own(build_lab):
    """What the first answer took is not what the second one took: it is not stored."""
    lab = build_lab(explain_answers=True, hit_path=False)

    miss, hit = [await lab.client.get("/data?key=1") for _ in range(2)]

    assert re.fullmatch(
        r"gateway;dur=[\d.]+, slot;dur=[\d.]+, upstream;dur=[\d.]+, total;dur=[\d.]+", miss["Server-Timing"]
    )
    assert re.fullmatch(r"total;dur=[\d.]+", hit["Server-Timing"])
    assert (repr(miss), repr(hit)) == ("200 MISS", "200 HIT")
    assert miss["Proxy-Status"] is None


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("unreachable", "scalelab; error=destination_unavailable"),
        ("timeout", "scalelab; error=http_response_timeout"),
        ("broken", "scalelab; error=http_response_incomplete"),
        ("left_alone", "scalelab; error=destination_unavailable"),
    ],
)
async def test_a_fault_has_its_name_of_the_standard(build_lab, scripted, kind, told):
    """RFC 9209, section 2.3."""
    lab = build_lab(explain_answers=True)
    lab.database.answers = [scripted.fault(kind)]

    assert (await lab.client.get("/data?key=1"))["Proxy-Status"] == told


async def test_the_status_of_a_service_that_failed_is_told(build_lab, scripted):
    """The client sees 502; what came is told beside it."""
    lab = build_lab(explain_answers=True)
    lab.database.answers = [scripted.ok({}, status=500)]

    answer = await lab.client.get("/data?key=1")

    assert answer.status == 502
    assert answer["Proxy-Status"] == "scalelab; error=http_protocol_error; received-status=500"


async def test_nothing_is_told_unasked(lab):
    """By default outsiders learn nothing of what stands behind the gateway."""
    answer = await lab.client.get("/data?key=1")

    assert (answer["Server-Timing"], answer["Proxy-Status"]) == (None, None)


async def test_a_write_names_its_stages(build_lab):
    """Telling the cache is one of them."""
    lab = build_lab(explain_answers=True)

    answer = await lab.client.put("/data?key=1", "new")

    names = [part.partition(";")[0] for part in answer["Server-Timing"].split(", ")]
    assert names == ["gateway", "slot", "cache", "upstream", "total"]


async def test_a_compressed_answer_is_explained_too(build_lab, scripted):
    """Whoever has it unchanged, as well."""
    lab = build_lab(explain_answers=True, compression=True, compression_min_bytes=0)

    answers = [await lab.client.get("/data?key=1", **{"Accept-Encoding": takes}) for takes in ("gzip", "br", "gzip")]

    assert [answer["Content-Encoding"] for answer in answers] == ["gzip", None, "gzip"]
    assert all(answer["Server-Timing"] and answer["Vary"] for answer in answers)
