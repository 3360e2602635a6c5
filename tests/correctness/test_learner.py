"""Who gains: the average is right, real differences are found, and made-up ones are not."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.effects.learner import Gains, group_difference, group_effects, who_gains
from insights.stats.results import Estimate, NotEstimable

EFFECT, SPREAD = -0.06, 0.07


def draw(n: int, *, differs: bool, seed: int = 3) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Return outcome, arm, columns with gaps, and each unit's true effect."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5))
    arm = rng.random(n) < 0.5
    risk = 1 / (1 + np.exp(-(-1.0 + 0.6 * x[:, 0] - 0.3 * x[:, 1])))
    effect = EFFECT - (SPREAD * np.tanh(x[:, 2]) if differs else 0.0)
    outcome = rng.random(n) < np.clip(risk + arm * effect, 0, 1)
    seen = pd.DataFrame(x, columns=list("abcde"))
    seen = seen.mask(rng.random((n, 5)) < 0.03)
    return outcome.astype(float), arm, seen, np.clip(risk + effect, 0, 1) - risk


@pytest.fixture(scope="module")
def differing() -> tuple[Gains, np.ndarray, pd.DataFrame]:
    outcome, arm, x, effect = draw(8000, differs=True)
    found = who_gains(outcome, arm, x)
    assert isinstance(found, Gains)
    return found, effect, x


def test_the_average_effect_is_the_true_one(differing: tuple[Gains, np.ndarray, pd.DataFrame]) -> None:
    gains, effect, _ = differing
    assert isinstance(gains.average, Estimate)
    assert abs(gains.average.value - effect.mean()) < 3 * gains.average.se
    assert gains.average.se < 0.011  # that of the plain difference of means is 0.0099 here


def test_real_differences_are_found_and_ranked(differing: tuple[Gains, np.ndarray, pd.DataFrame]) -> None:
    gains, effect, x = differing
    assert gains.differs
    assert np.corrcoef(gains.predicted, effect)[0, 1] > 0.6
    quarters = gains.table.set_index("group")
    for quarter in "1234":
        true = effect[gains.quarter == int(quarter)].mean()
        assert abs(quarters.loc[quarter, "effect"] - true) < 3 * quarters.loc[quarter, "se"]
    new = gains.predict(x.assign(c=[-1.0, 1.0] * 4000))
    assert new[1::2].mean() < new[::2].mean() - SPREAD / 2


def test_groups_have_their_own_effects_and_correction(differing: tuple[Gains, np.ndarray, pd.DataFrame]) -> None:
    gains, effect, x = differing
    high = (x["c"] > 0).to_numpy()
    table = group_effects(gains, np.where(high, "high", "low")).set_index("group")
    for name, side in (("high", high), ("low", ~high)):
        assert abs(table.loc[name, "effect"] - effect[side].mean()) < 3 * table.loc[name, "se"]
    assert (table["p_holm"] >= table["p"]).all()
    apart = group_difference(gains, high, ~high)
    assert isinstance(apart, Estimate)
    assert apart.high < 0


def test_the_same_effect_for_all_is_not_told_apart() -> None:
    outcome, arm, x, effect = draw(3000, differs=False, seed=8)
    found = who_gains(outcome, arm, x, cluster=np.arange(3000) % 60)
    assert isinstance(found, Gains)
    assert not found.differs
    assert abs(found.average.value - effect.mean()) < 3 * found.average.se  # type: ignore[union-attr]


@pytest.mark.long
def test_differences_are_seldom_found_where_there_are_none() -> None:
    found = []
    for seed in range(60):
        outcome, arm, x, _ = draw(1200, differs=False, seed=100 + seed)
        gains = who_gains(outcome, arm, x)
        assert isinstance(gains, Gains)
        found.append(gains.differs)
    assert sum(found) <= 6  # 2.5 % of 60 are 1.5


def test_the_result_does_not_change_from_run_to_run() -> None:
    outcome, arm, x, _ = draw(800, differs=True)
    one, other = (who_gains(outcome, arm, x) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, other.table)  # type: ignore[union-attr]


def test_too_little_is_refused() -> None:
    outcome, arm, x, _ = draw(800, differs=False)
    few = who_gains(np.where(np.arange(800) < 700, 0.0, outcome), arm, x)
    assert isinstance(few, NotEstimable)
    assert "too few: 50 are needed" in few.reason
    clusters = who_gains(outcome, arm, x, cluster=np.arange(800) % 10)
    assert isinstance(clusters, NotEstimable)
    assert "10 clusters" in clusters.reason


def test_bad_input_is_refused() -> None:
    outcome, arm, x, _ = draw(300, differs=False)
    with pytest.raises(ValueError, match="outcome has shape"):
        who_gains(np.append(outcome[:-1], np.nan), arm, x)
    with pytest.raises(ValueError, match="the design has 200 rows"):
        who_gains(outcome, arm, x.iloc[:200])
    with pytest.raises(ValueError, match="treated has shape"):
        who_gains(outcome, arm.astype(int) + 1, x)
