"""The elastic-net logit: against scikit-learn, by its own conditions, and what the offset means."""

import numpy as np
import pytest
from scipy.special import expit

from insights.stats.elastic_net import elastic_net_logit


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(800, 6))
    x[:, 5] = x[:, 0] + 0.1 * x[:, 5]
    y = (rng.random(800) < expit(-2 + 0.8 * x[:, 0] - 0.5 * x[:, 1])).astype(float)
    return x, y, rng.integers(1, 4, 800).astype(float)


def test_it_agrees_with_scikit_learn(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    x, y, w = rows
    found = elastic_net_logit(x, y, penalty=20.0, l1=0.5, weight=w)
    model = LogisticRegression(solver="saga", l1_ratio=0.5, C=1 / 20.0, max_iter=20_000, tol=1e-9, random_state=0)
    model.fit(x, y, sample_weight=w)
    np.testing.assert_allclose(found.slopes, model.coef_[0], atol=2e-5)
    assert found.intercept == pytest.approx(float(model.intercept_[0]), abs=2e-5)


def test_it_meets_the_conditions_of_a_minimum_around_an_offset(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    x, y, w = rows
    offset = 0.7 * x[:, 0] - 2
    found = elastic_net_logit(x, y, penalty=30.0, l1=0.4, offset=offset, weight=w)
    gap = w * (y - expit(offset + found.intercept + x @ found.slopes))
    assert gap.sum() == pytest.approx(0, abs=1e-4)
    pull = x.T @ gap - 30.0 * 0.6 * found.slopes
    here = found.slopes != 0
    assert 0 < here.sum() < 6
    np.testing.assert_allclose(pull[here], 12.0 * np.sign(found.slopes[here]), atol=1e-3)
    assert (np.abs(pull[~here]) <= 12.0 + 1e-3).all()


def test_with_a_strong_penalty_only_the_offset_and_the_level_are_left(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    x, y, _ = rows
    found = elastic_net_logit(x, y, penalty=1e5, offset=x[:, 0])
    np.testing.assert_array_equal(found.slopes, 0.0)
    assert expit(x[:, 0] + found.intercept).sum() == pytest.approx(y.sum(), rel=1e-6)


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(ValueError, match="no event, or nothing but events"):
        elastic_net_logit(np.zeros((5, 1)), np.zeros(5), penalty=1.0)
    with pytest.raises(ValueError, match="missing or infinite"):
        elastic_net_logit(np.array([[np.nan], [1.0]]), [0, 1], penalty=1.0)
    with pytest.raises(ValueError, match="rows of one number"):
        elastic_net_logit(np.zeros((5, 1)), np.zeros(4), penalty=1.0)
