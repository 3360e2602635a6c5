"""Boosted trees: bins that are made beforehand are those of scikit-learn."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from insights.models.boosted import boosted


@pytest.mark.parametrize("bins", [16, 255])
def test_weighted_rows_give_the_trees_that_scikit_learn_grows_from_the_numbers_as_they_are(bins: int) -> None:
    rng = np.random.default_rng(5)
    n = 4_000
    values = np.stack(
        [
            rng.normal(size=n),
            np.round(rng.exponential(size=n), 1),
            rng.integers(0, 6, n),
            rng.random(n) < 0.2,
            np.full(n, 3.0),
        ],
        axis=1,
    )
    values[rng.random(n) < 0.1, 0] = np.nan
    event = rng.random(n) < 1 / (1 + np.exp(2 - np.nan_to_num(values[:, 0]) - (values[:, 2] == 4)))
    weight = np.where(event, 1.0, rng.choice([0.0, 3.7, 12.25], n))
    coded = np.arange(5) == 2
    at = values[::3] + np.where(coded, 0, 0.01)
    shape = {"max_iter": 20, "max_leaf_nodes": 8, "max_bins": bins}
    plain = HistGradientBoostingClassifier(
        **shape, categorical_features=coded, early_stopping=False, random_state=1
    ).fit(values, event, sample_weight=weight)
    np.testing.assert_array_equal(
        boosted(values, event, weight, coded, at, shape=shape, seed=1),
        np.clip(plain.predict_proba(at)[:, 1], 1e-6, 1 - 1e-6),
    )
