"""Natural splines, variation between periods, and columns that know the outcome."""

import numpy as np
import pytest

from insights.stats.heterogeneity import Variation, common_variation
from insights.stats.results import NotEstimable
from insights.stats.separation import separation
from insights.stats.splines import NaturalSpline, natural_spline


def test_a_natural_spline_is_straight_beyond_its_knots_and_smooth_at_them() -> None:
    spline = NaturalSpline((1.0, 2.0, 4.0, 7.0))
    beyond = spline.columns(np.array([8.0, 9.0, 10.0, 11.0]))
    np.testing.assert_allclose(np.diff(beyond, 2, axis=0), 0, atol=1e-9)
    before = spline.columns(np.array([-3.0, -1.0, 0.5, 1.0]))
    np.testing.assert_array_equal(before[:, 1:], 0)
    h = 1e-4
    for knot in spline.knots:
        at = spline.columns(knot + h * np.arange(-2, 3))
        left, right = at[0] - 2 * at[1] + at[2], at[2] - 2 * at[3] + at[4]
        np.testing.assert_allclose(left / h**2, right / h**2, atol=1e-2)


def test_the_spline_agrees_with_harrells_formula_by_hand() -> None:
    # Knots 0, 1, 3 at x = 2: (8 - 1 * (3 - 0) / (3 - 1)) / 9, the last cube being 0.
    assert NaturalSpline((0.0, 1.0, 3.0)).columns([2.0])[0].tolist() == pytest.approx([2.0, (8 - 1.5) / 9])


def test_knots_lie_at_harrells_quantiles_and_repeated_values_leave_a_line() -> None:
    values = np.arange(101.0)
    assert natural_spline(values, 4).knots == pytest.approx((5, 35, 65, 95))
    assert natural_spline(np.zeros(10), 4).size == 1
    with pytest.raises(ValueError, match="2 knots; expected 3 to 7"):
        natural_spline(values, 2)
    with pytest.raises(ValueError, match="1 of 2 values are missing"):
        natural_spline([1.0, np.nan], 3)


def test_years_moved_by_a_common_factor_show_its_size_and_poisson_years_do_not() -> None:
    rng = np.random.default_rng(5)
    expected = np.full(12, 400.0)
    moved, still, refused = [], [], 0
    for _ in range(200):
        factor = np.exp(0.3 * rng.standard_normal(12))
        found = common_variation(rng.poisson(expected * factor), expected)
        plain = common_variation(rng.poisson(expected), expected)
        assert isinstance(found, Variation)
        assert isinstance(plain, Variation)
        moved.append(found.sd)
        still.append(plain.sd)
        refused += plain.test.p_value is not None and plain.test.p_value < 0.05
    assert np.sqrt(np.mean(np.square(moved))) == pytest.approx(0.3, rel=0.07)
    assert np.median(still) < 0.02
    assert 2 <= refused <= 20  # 5 % of 200


def test_variation_needs_three_periods_with_ten_events_each() -> None:
    assert isinstance(common_variation([20, 30], [25, 25]), NotEstimable)
    few = common_variation([20, 30, 3], [25, 25, 5])
    assert isinstance(few, NotEstimable)
    assert "only 5 expected events" in few.reason
    with pytest.raises(ValueError, match="negative or missing"):
        common_variation([1, -1, 2], [1, 1, 1])


def test_a_column_known_for_those_with_the_event_only_is_suspicious() -> None:
    rng = np.random.default_rng(1)
    event = rng.random(1000) < 0.3
    value = np.where(event & (rng.random(1000) < 0.6), rng.normal(size=1000), np.nan)
    found = separation(value, event)
    assert found is not None
    assert found.suspicious
    assert (found.known_share_events > 0.5, found.known_share_others) == (True, 0.0)


def test_a_value_wiped_out_for_those_with_the_event_is_suspicious() -> None:
    rng = np.random.default_rng(2)
    event = rng.random(1000) < 0.3
    found = separation(np.where(event & (rng.random(1000) < 0.5), np.nan, rng.normal(size=1000)), event)
    assert found is not None
    assert found.suspicious
    assert found.missing


def test_one_value_that_nearly_only_they_have_is_suspicious_among_honest_ones() -> None:
    rng = np.random.default_rng(3)
    event = rng.random(2000) < 0.3
    value = rng.integers(1, 6, 2000).astype(float)
    value[event & (rng.random(2000) < 0.2)] = 9
    found = separation(value, event)
    assert found is not None
    assert found.suspicious
    assert found.purest == 1.0


def test_a_strong_honest_predictor_is_not() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=5000)
    event = rng.random(5000) < 1 / (1 + np.exp(2 - 1.5 * x))
    found = separation(x, event)
    assert found is not None
    assert not found.suspicious
    assert 0.75 < found.area < 0.95
    assert separation(x, np.zeros(5000, dtype=bool)) is None
