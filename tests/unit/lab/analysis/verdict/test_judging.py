"""What binds is the lowest limit that was reached, and the next one says how sure that is."""

import pytest

from scalelab.lab.analysis.laws.layered import POOL, SLOTS, USERS
from scalelab.lab.analysis.verdict.judging import judge_scenario


def gains(verdict):
    return {gain.name: gain.interval for gain in verdict.gains}


def test_slots_bind_and_each_more_brings_its_share(swept):
    """8 slots of 125 ms: a further gateway brings 64 a second, a further slot 8, a connection nothing."""
    verdict = judge_scenario([swept()])

    assert (verdict.binding.name, verdict.sureness) == (SLOTS, "clear")
    assert verdict.binding.per_s == pytest.approx(64.0)
    assert verdict.following.name == POOL
    assert gains(verdict)["one more gateway"].value == pytest.approx(64.0, rel=1e-3)
    assert gains(verdict)["one more slot a gateway"].value == pytest.approx(8.0, rel=1e-3)
    assert gains(verdict)["one more connection"].value == pytest.approx(0.0, abs=0.1)
    assert gains(verdict)["one more core"].value == 0.0
    assert gains(verdict)["one point more hits"].value == pytest.approx(64 / 0.99 - 64, rel=1e-2)


def test_the_pool_binds_and_a_gateway_buys_nothing(swept):
    """Five gateways before 24 connections: only a connection helps, by 10 a second."""
    verdict = judge_scenario([swept(gateways=5, rate=239.5, pool_wait_s=0.04, slot_wait_s=0.8)])

    assert verdict.binding.name == POOL
    assert verdict.binding.per_s == pytest.approx(240.0)
    assert gains(verdict)["one more gateway"].value == pytest.approx(0.0, abs=1.0)
    assert gains(verdict)["one more connection"].value == pytest.approx(10.0, abs=0.5)


def test_a_wait_for_the_pool_is_no_demand_of_the_slot(swept):
    """A slot that is held 40 ms longer because its holder waits is not slower: more connections would show it."""
    verdict = judge_scenario([swept(gateways=5, rate=239.5, pool_wait_s=0.04, slot_wait_s=0.8)])

    assert verdict.system.held_s == pytest.approx(0.025)
    assert verdict.following.per_s == pytest.approx(5 * 64.0)


def test_users_bind_when_they_ask_for_less(swept):
    """60 users and three gateways: 60 / (1.5 + 0.125) is what they can ask for."""
    few = swept(gateways=3, rate=36.9, users=60, slot_wait_s=0.0).model_copy(
        update={"latency": swept().latency.model_copy(update={"mean_s": 0.126})}
    )

    verdict = judge_scenario([few])

    assert (verdict.binding.name, verdict.sureness) == (USERS, "clear")
    assert verdict.are_users_binding
    assert all(abs(interval.value) < 0.4 for interval in gains(verdict).values())


def test_two_limits_close_together_are_said_to_be(swept):
    """Four gateways offer 256 a second, the pool 240."""
    verdict = judge_scenario([swept(gateways=4, rate=236.0, pool_wait_s=0.01, slot_wait_s=0.9)])

    assert (verdict.binding.name, verdict.following.name, verdict.sureness) == (POOL, SLOTS, "near")


def test_a_rate_far_below_every_limit_is_not_explained(swept):
    """Half of what the slots allow: something that was not measured holds it down, and nothing is bought on paper."""
    verdict = judge_scenario([swept(rate=32.0)])

    assert (verdict.binding, verdict.sureness, verdict.gains) == (None, "unexplained", ())


def test_the_cpu_of_a_process_can_bind(swept):
    """Gateways of 20 ms CPU an answer: 50 a second from one core, and a second gateway meets the machine's cores."""
    verdict = judge_scenario([swept(rate=49.0, cpu_s=0.02, slot_wait_s=0.0)])

    assert verdict.binding.name == "CPU of api_gateway"
    assert verdict.binding.per_s == pytest.approx(50.0)
    assert gains(verdict)["one more gateway"].high == pytest.approx(0.0, abs=0.3)


def test_the_interval_is_as_wide_as_the_demands_differ(swept):
    """Holds that differ by 10 % between parts of the window make a wider interval than holds that do not."""
    steady = gains(judge_scenario([swept()]))["one more gateway"]
    spread = gains(judge_scenario([swept(spread=0.1)]))["one more gateway"]
    slot = gains(judge_scenario([swept(spread=0.1)]))["one more slot a gateway"]

    assert steady.half_width < 0.1
    assert spread.value == pytest.approx(64.0, rel=1e-3)
    assert slot.low <= 8.0 <= slot.high


def test_an_open_load_below_the_limit_binds_itself(swept):
    """30/s are asked for and answered: the limit is told, and what one more of it would add to that."""
    verdict = judge_scenario([swept(rate=30.0, users=0, rate_per_s=30.0, slot_wait_s=0.0)])

    assert verdict.is_load_binding
    assert (verdict.binding, verdict.lowest.name, verdict.sureness) == (None, SLOTS, "clear")
    assert verdict.lowest.per_s == pytest.approx(64.0)
    assert gains(verdict)["one more gateway"].value == pytest.approx(64.0)


def test_an_open_load_close_to_the_limit_is_said_to_be(swept):
    """60/s of 64: a little more, and the slots bind."""
    verdict = judge_scenario([swept(rate=60.0, users=0, rate_per_s=60.0, slot_wait_s=0.0)])

    assert (verdict.is_load_binding, verdict.sureness) == (True, "near")


def test_an_open_load_beyond_the_limit_finds_it(swept):
    """96/s are asked for, 63 come back: the slots bind, as with users who wait."""
    verdict = judge_scenario([swept(rate=63.5, users=0, rate_per_s=96.0)])

    assert (verdict.binding.name, verdict.sureness) == (SLOTS, "clear")
    assert gains(verdict)["one more connection"].value == pytest.approx(0.0)


def test_what_is_busy_all_the_time_binds_though_not_every_answer_is_good(swept):
    """Overload: refusals count as answers of the server, so the limit is no rate of good ones and says of no gain."""
    overloaded = swept(rate=64.0, users=0, rate_per_s=120.0).model_copy(update={"throughput_per_s": 40.0})

    verdict = judge_scenario([overloaded])

    assert (verdict.is_reached, verdict.is_exhausted) == (False, True)
    assert verdict.binding is not None
    assert verdict.binding.name == SLOTS
    assert verdict.answers_per_s == pytest.approx(64.0)
    assert (verdict.sureness, verdict.gains) == ("clear", ())


def test_an_open_load_that_nothing_explains_is_promised_nothing(swept):
    """It does not get what it asks for, and no limit is near: what one more of anything buys is not known."""
    lost = swept(rate=40.0, users=0, rate_per_s=120.0, slot_wait_s=0.0)

    verdict = judge_scenario([lost])

    assert (verdict.sureness, verdict.binding, verdict.gains) == ("unexplained", None, ())


@pytest.mark.parametrize("changes", [{"resources": ()}, {"throughput_per_s": None}])
def test_without_the_measurements_there_is_no_verdict(swept, changes):
    """An older record, or probes that did not tell."""
    assert judge_scenario([swept().model_copy(update=changes)]) is None
