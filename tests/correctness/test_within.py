"""Within-unit regressions against dummies, their intervals, and what they are for; rank indices and their stability."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.ranking import rank_index, rank_stability
from insights.stats.results import NotEstimable
from insights.stats.within import WithinFit, within_regression


def panel(rng: np.random.Generator, n: int = 80, periods: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcome, x and z (n, T): units that have more of x also have more of the outcome, whatever x does."""
    unit = rng.normal(0, 2, n)[:, None]
    x = unit + rng.normal(0, 1, (n, periods))
    z = rng.normal(0, 1, (n, periods)) + 0.3 * x
    noise = rng.normal(0, 1, (n, periods)) + 0.5 * rng.normal(0, 1, (n, 1))
    return 3 * unit + np.arange(periods) * 0.2 + 0.5 * x - 0.2 * z + noise, x, z


def test_it_is_the_regression_with_a_dummy_for_everything() -> None:
    rng = np.random.default_rng(1)
    y, x, z = panel(rng)
    x[rng.random(x.shape) < 0.15] = np.nan
    found = within_regression(y, {"x": x, "z": z})
    assert isinstance(found, WithinFit)
    seen = np.isfinite(x)
    rows, columns = np.nonzero(seen)
    dummies = np.hstack([np.eye(80)[rows], np.eye(6)[columns][:, 1:]])
    design = np.hstack([x[seen][:, None], z[seen][:, None], dummies])
    beta, *_ = np.linalg.lstsq(design, y[seen], rcond=None)
    assert found.table["estimate"].tolist() == pytest.approx(beta[:2])
    rest = y[seen] - design @ beta
    bread = np.linalg.pinv(design.T @ design)
    scores = np.stack([(design * rest[:, None])[rows == g].sum(axis=0) for g in range(80)])
    covariance = 80 / 79 * bread @ (scores.T @ scores) @ bread
    assert found.table["se"].tolist() == pytest.approx(np.sqrt(np.diag(covariance))[:2])
    assert found.n == seen.sum()


def test_intervals_cover_where_pooling_fails() -> None:
    rng, held, pooled = np.random.default_rng(2), 0, 0
    for _ in range(200):
        y, x, z = panel(rng)
        found = within_regression(y, {"x": x, "z": z})
        assert isinstance(found, WithinFit)
        e = found.coefficient("x")
        held += e.low <= 0.5 <= e.high
        slope = np.polyfit(x.ravel(), y.ravel(), 1)[0]
        pooled += abs(slope - 0.5) < 0.5
    assert 0.91 <= held / 200 <= 0.99
    assert pooled == 0


def test_what_does_not_move_tells_nothing() -> None:
    rng = np.random.default_rng(3)
    y, x, _ = panel(rng)
    still = np.repeat(rng.normal(size=(80, 1)), 6, axis=1)
    assert isinstance(within_regression(y, {"still": still}), NotEstimable)
    assert isinstance(within_regression(y, {"x": x, "again": 2 * x}), NotEstimable)
    assert isinstance(within_regression(y[:40], {"x": x[:40]}), NotEstimable)
    with pytest.raises(ValueError, match="different shapes"):
        within_regression(y, {"x": x[:, 1:]})


def test_a_rank_index_by_hand() -> None:
    measures = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [30.0, 20.0, 20.0]})
    assert rank_index(measures, {"a": 1.0}).tolist() == [0, 0.5, 1]
    assert rank_index(measures, {"a": 1.0, "b": 1.0}).tolist() == pytest.approx([0.5, 0.375, 0.625])
    with pytest.raises(ValueError, match="do not fit"):
        rank_index(measures, {"c": 1.0})


def test_stability_is_perfect_where_measures_agree_and_not_where_they_fight() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=400)
    agree = rank_stability(pd.DataFrame({"a": a, "b": 2 * a}), {"a": 0.5, "b": 0.5})
    assert agree["correlation"].tolist() == pytest.approx([1.0] * 4)
    assert (agree["kept"] == 1).all()
    fight = rank_stability(pd.DataFrame({"a": a, "b": rng.normal(size=400)}), {"a": 0.5, "b": 0.5})
    assert (fight["correlation"] < 0.99).all()
    assert (fight["kept"] < 1).all()
    assert agree["factor"].tolist() == [0.5, 1.5, 0.5, 1.5]
