"""A fit in words."""

import json

import pytest

from scalelab.lab.laws.measurements import Series
from scalelab.lab.laws.telling import document_of, documents_of, fit_series, sentences_of


def usl(sizes, alpha, beta):
    rates = (100 * size / (1 + alpha * (size - 1) + beta * size * (size - 1)) for size in sizes)
    return Series("", sizes, tuple(rate + place % 2 for place, rate in enumerate(rates)))


PEAKED = usl((1, 2, 4, 8, 12, 16, 24, 32), 0.02, 0.002)
EARLY = usl((1, 2, 4, 6, 8, 10, 12), 0.0, 0.002)
PLATEAU = Series("", (1, 2, 4, 8, 16), (8272, 16590, 27322, 27314, 27369))


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (PEAKED, ["usl describes it best", "greatest at N = 22", "would add -"]),
        (EARLY, ["usl describes it best", "beyond the largest size measured, 12: measure there first"]),
        (PLATEAU, ["asymptote describes it best", "stays below 2.73", "would add 0, to"]),
        (Series("", (2, 4, 8), (20, 39, 79)), ["Caution: there is no measurement at N = 1"]),
    ],
)
def test_the_words_say_what_the_numbers_mean(series, words):
    """Law, limit, the next one, and what to be careful with."""
    told = " ".join(sentences_of(fit_series(series)))

    assert all(word in told for word in words), told


def test_the_document_is_json_without_infinities():
    """Every law with its parameters; what is not known is null."""
    document = json.loads(json.dumps(document_of(fit_series(Series("s", (1, 2, 4), (10, 18, 28)))), allow_nan=False))

    assert {fit["law"] for fit in document["fits"]} == {"linear", "amdahl", "usl", "asymptote"}
    usl = next(fit for fit in document["fits"] if fit["law"] == "usl")
    assert (usl["aicc"], usl["residual_standard_error"]) == (None, None)
    assert usl["parameters"]["gamma"]["low"] is None


SPECSDM91 = Series("", (1, 18, 36, 72, 108, 144, 216), (64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2))


def test_a_single_series_has_its_keys_at_the_top():
    """What scripts read, with the published coefficients and proper intervals of SPEC SDM91 (R package usl)."""
    document = documents_of([fit_series(SPECSDM91)])

    assert (document["alpha"], document["beta"]) == pytest.approx((0.0277285, 0.0001044), rel=1e-3)
    assert document["gamma"] == pytest.approx(89.995, rel=1e-4)
    assert document["alpha_ci95"] == pytest.approx([0.00240, 0.05305], rel=1e-2)
    assert document["beta_ci95"] == pytest.approx([4.918e-5, 1.596e-4], rel=1e-2)
    assert document["gamma_ci95"] == pytest.approx([50.5, 129.5], rel=1e-2)
    assert (document["peak_n"], document["peak_x"]) == pytest.approx((96.51956, 1884), rel=1e-3)
    assert document["limit_x"] == pytest.approx(3245.589, rel=1e-4)
    assert document["caveats"] == document["series"][0]["caveats"]


def test_several_series_stand_side_by_side():
    """None of them at the top, where a reader would take it for all."""
    document = documents_of([fit_series(PEAKED), fit_series(PLATEAU)])

    assert [one["model"] for one in document["series"]] == ["usl", "asymptote"]
    assert list(document) == ["series"]
