"""What was good until a while ago stands in for a service that fails, by setting; what changed since never does."""

import pytest


@pytest.fixture
def lab(build_lab):
    """Entries live 10 s, and stand in for 30 s more."""
    lab = build_lab(cache_ttl_s=10.0, cache_stale_if_error_s=30.0)
    lab.parts.cache._clock_s = lab.clock
    return lab


async def after(lab, seconds, scripted, outcome):
    """The second answer for the same key, so long after the first; the service does then what `outcome` says."""
    lab.database.answers = [scripted.record(1, "first"), outcome]
    await lab.client.get("/data?key=1")
    lab.clock.now_s += seconds
    return await lab.client.get("/data?key=1")


@pytest.mark.parametrize("kind", ["unreachable", "broken", "timeout", "left_alone"])
async def test_it_stands_in_for_every_kind_of_fault(lab, scripted, kind):
    """C26: with its true age, and a time to live that is over."""
    answer = await after(lab, 25, scripted, scripted.fault(kind))

    assert (repr(answer), answer.json["value"], answer["Age"]) == ("200 STALE", "first", "25")
    assert answer["Cache-Status"] == "scalelab; hit; ttl=-15"


@pytest.mark.parametrize("status", [500, 503])
async def test_it_stands_in_for_a_service_that_answers_with_a_failure(lab, scripted, status):
    """Whatever the failure is called."""
    answer = await after(lab, 25, scripted, scripted.ok({"status": status}, status=status))

    assert repr(answer) == "200 STALE"


async def test_a_service_that_is_well_is_believed(lab, scripted):
    """Also that the record is gone: 404 is an answer, no failure."""
    assert (await after(lab, 25, scripted, scripted.ok({"status": 404}, status=404))).status == 404
    assert (await after(lab, 25, scripted, scripted.record(1, "second"))).json["value"] == "second"


async def test_after_its_time_the_failure_is_told(lab, scripted):
    """40 s: 10 to live, 30 to stand in."""
    assert (await after(lab, 41, scripted, scripted.fault("unreachable"))).status == 503


async def test_without_the_setting_nothing_stands_in(build_lab, scripted):
    """As before."""
    lab = build_lab(cache_ttl_s=10.0)
    lab.parts.cache._clock_s = lab.clock

    assert (await after(lab, 11, scripted, scripted.fault("unreachable"))).status == 503


@pytest.mark.parametrize("forbidding", ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10"])
async def test_a_service_that_forbids_it_is_obeyed(lab, scripted, forbidding):
    """RFC 9111, section 5.2.2."""
    lab.database.answers = [
        scripted.ok({"key": 1}, ("Cache-Control", forbidding)),
        scripted.fault("unreachable"),
    ]
    await lab.client.get("/data?key=1")
    lab.clock.now_s += 11

    assert (await lab.client.get("/data?key=1")).status == 503


async def test_what_a_write_made_untrue_never_stands_in(lab, scripted):
    """It went with the entry: both stand under one tag."""
    lab.database.answers = [scripted.record(1, "first")]
    await lab.client.get("/data?key=1")
    await lab.parts.cache.invalidate("record:1")
    lab.database.answers = [scripted.fault("unreachable")]

    assert (await lab.client.get("/data?key=1")).status == 503


async def test_another_subjects_answer_never_stands_in(lab, scripted):
    """The key of the stand-in is that of the entry; a different path is a different one."""
    lab.database.answers = [scripted.record(1, "first"), scripted.fault("unreachable")]
    await lab.client.get("/data?key=1")
    lab.clock.now_s += 11

    assert (await lab.client.get("/data?key=2")).status == 503
