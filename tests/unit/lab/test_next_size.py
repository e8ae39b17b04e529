"""Sweeps in the records of a run, and predictions held against what was measured after them."""

import pytest

from scalelab.lab.next_size import predict_sweeps, prediction_sentences, verify
from scalelab.lab.results.size_prediction import PredictionsFile, SizePrediction, SweepPredictions


@pytest.fixture
def sweep(swept):
    return [swept(gateways=size, rate=64.0 * size) for size in (1, 2, 3)]


def a_prediction(gateways=4, low=230.0, high=245.0):
    return SizePrediction(
        gateways=gateways,
        throughput_per_s=238.0,
        low_per_s=low,
        high_per_s=high,
        binding="database pool",
        limit_per_s=240.0,
        formula="24 connections / 100 ms = 240.0/s",
    )


def a_file(*predictions):
    learned = SweepPredictions(others={"cache": "miss"}, measured={3: (192.0,)}, predictions=predictions)
    return PredictionsFile(sweeps=(learned,))


def test_each_sweep_predicts_for_itself(sweep, swept):
    """Other factors make another sweep; a sweep of one size predicts nothing, and says so."""
    other = swept(gateways=1, rate=64.0).model_copy(update={"factors": {"gateways": 1, "cache": "hit"}})

    predictions = predict_sweeps([*sweep, other], [4, 5])

    assert [one.others for one in predictions.sweeps] == [{"cache": "miss"}]
    assert [one.gateways for one in predictions.sweeps[0].predictions] == [4, 5]
    assert "cache = hit: a prediction needs a sweep" in predictions.faults[0]


def test_what_is_asked_for_is_not_learned_from(sweep):
    """Three was measured, and is asked for: the prediction comes from one and two."""
    predictions = predict_sweeps(sweep, [3])

    assert list(predictions.sweeps[0].measured) == [1, 2]


def test_a_run_without_the_factor_predicts_nothing(swept):
    """And says what to do."""
    plain = swept().model_copy(update={"factors": {"cache": "miss"}})

    assert "the run has no factor gateways" in predict_sweeps([plain], [4]).faults[0]


def test_sentences_say_what_the_next_one_buys(sweep):
    """The fourth brings something, the fifth nothing, and why."""
    four, five = prediction_sentences(predict_sweeps(sweep, [5, 4]))

    assert "4 gateways will do 237." in four
    assert "/s more than with 3, limited by the database pool: 24 connections / 100 ms = 240.0/s." in four
    assert "no more than with 4" in five


@pytest.mark.parametrize(("rate", "is_hit"), [(236.0, True), (229.9, False), (245.1, False)])
def test_a_measurement_in_the_interval_is_a_hit(swept, rate, is_hit):
    """Its ends are the prediction's own."""
    measured = swept(gateways=4, rate=rate)

    (found,) = verify([measured], {1: a_file(a_prediction())})

    assert found.is_hit is is_hit
    assert found.error_ratio == pytest.approx(238.0 / rate - 1)


def test_only_the_same_repetition_and_factors_count(swept):
    """Another repetition's measurement proves nothing of this prediction."""
    measured = swept(gateways=4, rate=236.0).model_copy(update={"repetition": 2})

    assert verify([measured], {1: a_file(a_prediction())}) == ()


def test_a_measurement_that_is_not_valid_is_neither_hit_nor_miss(swept):
    """Nothing is claimed from it."""
    measured = swept(gateways=4, rate=236.0).model_copy(update={"validity": ("not-steady",)})

    (found,) = verify([measured], {1: a_file(a_prediction())})

    assert (found.is_hit, found.error_ratio) == (None, None)
