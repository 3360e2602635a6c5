"""Slopes drawn to a common one: by hand, from full knowledge to none, and whatever is missing."""

import numpy as np
import pytest

from insights.stats.slopes import drawn_slopes


def test_one_column_by_hand() -> None:
    x = np.array([0.1, -0.2, 0.3])
    own = np.array([[0.2, -0.4, 0.6], [0.2, np.nan, np.nan], [np.nan, np.nan, np.nan]])
    found = drawn_slopes(own, x[:, None], np.array([1.0]), 6.0)[:, 0]
    prior = 6 * np.mean(x**2)
    assert found[0] == pytest.approx((2 * np.sum(x**2) + prior) / (np.sum(x**2) + prior))
    assert found[1] == pytest.approx((0.02 + prior) / (0.01 + prior))
    assert found[2] == pytest.approx(1.0)


def test_two_columns_agree_with_rows_added_for_the_common_slopes() -> None:
    """What is drawn to slopes b is least squares with rows added that lie on b: as many as weigh the same."""
    rng = np.random.default_rng(4)
    x, towards = rng.normal(size=(24, 2)), np.array([0.5, -0.2])
    own = x @ np.array([1.0, 0.3]) + 0.1 * rng.normal(size=24)
    own[5] = np.nan
    known = np.isfinite(own)
    extra = np.sqrt(12 / 24) * x
    both = np.concatenate([x[known], extra]), np.concatenate([own[known], extra @ towards])
    expected = np.linalg.lstsq(*both, rcond=None)[0]
    np.testing.assert_allclose(drawn_slopes(own[None], x, towards, 12.0)[0], expected, rtol=1e-9)


def test_a_column_that_never_moved_says_nothing_and_shapes_are_checked() -> None:
    assert drawn_slopes(np.ones((2, 3)), np.zeros((3, 1)), np.array([0.7]), 6.0)[:, 0].tolist() == pytest.approx(
        [0.7] * 2
    )
    with pytest.raises(ValueError, match="expected"):
        drawn_slopes(np.ones((2, 3)), np.zeros((4, 1)), np.array([0.7]), 6.0)
