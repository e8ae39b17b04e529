"""Published measurements and their coefficients (the R package usl, Gunther, Schwartz, sysbench), traps included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelab.lab.analysis.laws.fitting import band, fit_all, fit_law
from scalelab.lab.analysis.laws.measured_points import FitError, weights_of

SPECSDM91 = ([1, 18, 36, 72, 108, 144, 216], [64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2])
RAYTRACER = ([1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64], [20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310])
CISCO = (
    list(range(1, 33)),
    [
        *(955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.80, 7867.61, 8278.71, 8646.70),
        *(9047.84, 9426.55, 9645.37, 9897.24, 10097.60, 10240.50, 10532.39, 10798.52, 11151.43, 11518.63, 11806.00),
        *(12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.40, 12074.39),
    ],
)
PODS = ([1, 2, 4, 8, 12, 16], [60, 120, 220, 400, 440, 490])
PLATEAU = (
    [1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 2048],
    [
        *(8272.558, 16589.789, 27322.074, 27313.862, 27368.63, 27352.126, 27308.673, 27309.293, 27378.547, 27346.711),
        27411.817,
    ],
)
SYNTHETIC = ([1, 2, 4, 6, 8, 10], [1, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557])


def test_specsdm91_has_the_published_coefficients_and_honest_intervals():
    """Values, standard errors, peak and residuals of the R package; intervals with n - 3 degrees of freedom."""
    fit = fit_law("usl", *SPECSDM91)
    gamma, alpha, beta = fit.parameters

    assert fit.values == pytest.approx((89.9952330, 0.0277285, 0.0001044), rel=2e-3)
    assert (gamma.standard_error, alpha.standard_error) == pytest.approx((14.2134894, 0.0091217), rel=2e-3)
    assert beta.standard_error == pytest.approx(1.99e-5, rel=5e-3)
    assert fit.residual_error == pytest.approx(82.8, rel=2e-3)
    assert fit.degrees_of_freedom == 4
    assert fit.peak_size == pytest.approx(96.51956, rel=1e-3)
    assert fit.ceiling == pytest.approx(1884, rel=1e-3)
    assert fit.residuals == pytest.approx((-25.10, -81.66, 111.09, 3.05, -49.99, -46.60, 56.00), abs=0.1)
    assert (alpha.low, alpha.high) == pytest.approx((0.00240, 0.05305), abs=1e-4)
    assert (beta.low, beta.high) == pytest.approx((4.918e-5, 1.596e-4), rel=5e-3)
    assert (gamma.low, gamma.high) == pytest.approx((50.5, 129.5), abs=0.2)


def test_raytracer_lies_on_a_bound_and_says_so():
    """An unbounded fit gives a negative beta, which means nothing; here it is 0, with a one-sided interval."""
    fit = fit_law("usl", *RAYTRACER)
    gamma, alpha, beta = fit.parameters

    assert (gamma.value, alpha.value) == pytest.approx((21.848843, 0.057770781), rel=1e-4)
    assert alpha.standard_error == pytest.approx(0.01329, rel=0.01)
    assert beta.is_at_bound
    assert (beta.value, beta.low, beta.standard_error) == (0.0, 0.0, None)
    assert 0 < beta.high < 1e-3
    assert fit.peak_size is None
    assert fit.ceiling == pytest.approx(378.199, rel=1e-4)


def test_cisco_is_predicted_and_its_residuals_hang_together():
    """Coefficients, peak, predictions; and the warning that the law misses a shape."""
    fit = fit_law("usl", *CISCO)

    assert fit.values == pytest.approx((995.6486, 0.02671591, 7.690945e-4), rel=1e-4)
    assert fit.peak_size == pytest.approx(35.57, abs=0.01)
    assert [fit.at(20), fit.at(35)] == pytest.approx([11063.6331, 12341.7457], rel=1e-5)
    assert fit.is_autocorrelated


def test_an_optimum_beyond_the_peak_is_never_told():
    """Pods: 1 / alpha = 81 lies far beyond the peak at 17; the ceiling is what the peak reaches."""
    fit = fit_law("usl", *PODS)

    assert fit.values == pytest.approx((61.372822, 0.012318, 0.003549), rel=1e-3)
    assert fit.peak_size == pytest.approx(16.68, abs=0.01)
    assert fit.ceiling == pytest.approx(482.6, abs=0.1)


def test_a_plateau_is_not_forced_into_a_curve():
    """Four cores: linear, then level. The USL would miss the first point by half of it."""
    best, *others = fit_all(*PLATEAU)
    usl = next(fit for fit in others if fit.law.name == "usl")

    assert best.law.name == "asymptote"
    assert best.values[0] == pytest.approx(8290, rel=0.01)
    assert best.ceiling == pytest.approx(27342, rel=0.001)
    assert usl.at(1) / PLATEAU[1][0] == pytest.approx(1.51, abs=0.02)


def test_synthetic_points_give_back_their_law():
    """Of known coefficients, to the digits that the points have."""
    best = fit_all(*SYNTHETIC)[0]

    assert best.law.name == "usl"
    assert best.values == pytest.approx((1.0, 0.02, 0.02), abs=2e-4)


@settings(max_examples=30)
@given(st.floats(1, 1e4), st.floats(0, 0.3), st.floats(1e-5, 0.01))
def test_any_law_is_found_again(gamma, alpha, beta):
    """Without noise, whatever the units."""
    sizes = np.array([1, 2, 4, 8, 16, 32])
    rates = gamma * sizes / (1 + alpha * (sizes - 1) + beta * sizes * (sizes - 1))

    fit = fit_law("usl", sizes.tolist(), rates.tolist())

    assert fit.values == pytest.approx((gamma, alpha, beta), rel=1e-3, abs=1e-5)


def test_proportional_growth_is_linear():
    """The simplest law that is as good."""
    noise = np.random.default_rng(1).normal(0, 0.3, 8)
    sizes = list(range(1, 9))

    assert (
        fit_all(sizes, [10 * size + scatter for size, scatter in zip(sizes, noise, strict=True)])[0].law.name
        == "linear"
    )


def test_weights_let_a_doubtful_point_count_less():
    """The last one is off by half, and known to scatter."""
    sizes, rates = [1, 2, 4, 8, 16], [10.0, 20.0, 40.0, 80.0, 80.0]

    plain, weighed = (fit_law("linear", sizes, rates, weights) for weights in (None, [1, 1, 1, 1, 0.001]))

    assert weighed.values[0] == pytest.approx(10.0, rel=1e-4)
    assert plain.values[0] < 8


def test_the_band_holds_what_comes():
    """A new measurement lies in it about nineteen times of twenty."""
    draws = np.random.default_rng(7)
    sizes = np.repeat(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), 3)
    truth = 100 * sizes / (1 + 0.05 * (sizes - 1))
    inside = 0
    for _ in range(200):
        fit = fit_law("amdahl", sizes.tolist(), (truth + draws.normal(0, 5, len(sizes))).tolist())
        ((low, high),) = band(fit, [12.0])
        inside += low <= 100 * 12 / (1 + 0.05 * 11) + draws.normal(0, 5) <= high

    assert 180 <= inside <= 200


@pytest.mark.parametrize(
    ("sizes", "rates", "words"),
    [
        ([1, 2], [1, 2], "at least 3 different sizes N, not 2"),
        ([4, 4, 4, 4], [1, 2, 3, 4], "at least 3 different sizes N, not 1"),
        ([1, 2, 4], [1, 0, 4], "X must be above 0, not 0"),
        ([1, 2, 4], [1, -2, 4], "X must be above 0, not -2"),
        ([0, 2, 4], [1, 2, 4], "N must be above 0, not 0"),
        ([1, 2, 4], [1, float("nan"), 4], "X must be above 0, not nan"),
        ([1, 2, 4], [1, 2], "do not belong together"),
    ],
)
def test_what_cannot_be_fitted_is_told(sizes, rates, words):
    """What is missing, and how much of it there is."""
    with pytest.raises(FitError, match=words):
        fit_law("usl", sizes, rates)


def test_three_points_leave_no_doubt_to_tell():
    """No degrees of freedom: values, but neither error nor band."""
    fit = fit_law("usl", [1, 2, 4], [10, 18, 28])

    assert fit.residual_error is None
    assert band(fit, [8]) == ()
    assert fit.parameters[0].standard_error is None


def test_weights_move_the_fit_to_the_points_that_are_known():
    """The noisy size is 10 % off; weighted, gamma stays nearer to what the others say."""
    sizes = [1, 1, 1, 2, 2, 2, 4, 4, 4]
    rates = [99.9, 100.0, 100.1, 199.9, 200.0, 200.1, 400.0, 440.0, 480.0]

    plain, weighted = (
        fit_law("linear", sizes, rates, weights).values[0] for weights in (None, weights_of(sizes, rates))
    )

    assert abs(weighted - 100) < abs(plain - 100)
