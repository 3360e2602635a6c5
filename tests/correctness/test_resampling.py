"""The bootstrap against known errors, and its weights against what they must be."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from insights.stats.resampling import Replicates, bootstrap, replicate_weights
from insights.stats.results import Estimate, NotEstimable


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_weights_follow_from_key_and_seed_alone() -> None:
    keys = [f"unit {i}" for i in range(50)]
    one = replicate_weights(keys, seed="headline", replicates=range(20))
    order = np.random.default_rng(1).permutation(50)
    assert (replicate_weights(np.array(keys)[order], seed="headline", replicates=range(20)) == one[order]).all()
    among = replicate_weights(["new", *keys, "newer"], seed="headline", replicates=range(20))
    assert (among[1:-1] == one).all()
    assert (replicate_weights(keys, seed="headline", replicates=[7]) == one[:, [7]]).all()
    assert (replicate_weights(keys, seed="another", replicates=range(20)) != one).mean() > 0.4
    assert (replicate_weights([keys[3]] * 4, seed="headline", replicates=[0]) == one[3, 0]).all()


def test_another_process_draws_the_same_weights() -> None:
    drawn = "replicate_weights(['a', 'b', 7], seed='s', replicates=range(8)).tolist()"
    code = f"from insights.stats.resampling import replicate_weights; print({drawn})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(replicate_weights(["a", "b", "7"], seed="s", replicates=range(8)).tolist())


def test_numbers_and_their_text_are_the_same_key() -> None:
    text = replicate_weights(["1", "2"], seed="s", replicates=range(9))
    for numbers in ([1, 2], [1.0, 2.0], pd.Series([1, 2]), pd.Categorical([1, 2])):
        assert (replicate_weights(numbers, seed="s", replicates=range(9)) == text).all()  # type: ignore[arg-type]


def test_weights_have_their_distributions_and_do_not_depend_on_each_other() -> None:
    keys, r = np.arange(4000), range(50)
    poisson = replicate_weights(keys, seed="s", replicates=r)
    shares = [np.exp(-1.0), np.exp(-1.0), np.exp(-1.0) / 2, np.exp(-1.0) / 6]
    for number, share in enumerate(shares):
        assert (poisson == number).mean() == pytest.approx(share, abs=4 * np.sqrt(share / poisson.size))
    exponential = replicate_weights(keys, seed="s", replicates=r, kind="exponential")
    assert (exponential > 0).all()
    assert np.quantile(exponential, [0.1, 0.5, 0.9]) == pytest.approx(-np.log([0.9, 0.5, 0.1]), rel=0.03)
    sign = replicate_weights(keys, seed="s", replicates=r, kind="rademacher")
    assert set(np.unique(sign)) == {-1.0, 1.0}
    for weights in (poisson - 1, exponential - 1, sign):
        assert abs(weights.mean()) < 4 / np.sqrt(weights.size)
        assert weights.var() == pytest.approx(1, abs=0.05)
        between_replicates = np.corrcoef(weights.T)[np.triu_indices(50, 1)]
        between_units = np.corrcoef(weights[:300])[np.triu_indices(300, 1)]
        assert np.abs(between_replicates).max() < 5 / np.sqrt(4000)
        assert between_units.std() == pytest.approx(1 / np.sqrt(50), rel=0.1)


@pytest.mark.parametrize("kind", ["poisson", "exponential"])
def test_the_error_of_a_mean_is_the_one_of_the_textbook(kind: str) -> None:
    x = np.random.default_rng(2).normal(5, 2, 400)
    found = bootstrap(lambda w: np.average(x, weights=w), np.arange(400), seed="m", replicates=2000, kind=kind)  # type: ignore[arg-type]
    expected = x.std() / 20
    for method in ("percentile", "normal"):
        one = estimate(found.estimate(unit="EUR", method=method))  # type: ignore[arg-type]
        assert one.value == pytest.approx(x.mean())
        assert one.se == pytest.approx(expected, rel=0.08)
        assert (one.low, one.high) == pytest.approx((x.mean() - 1.96 * expected, x.mean() + 1.96 * expected), abs=0.03)
        assert (one.n, one.unit) == (400, "EUR")


def test_rows_of_a_cluster_are_drawn_together() -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(60), 10)
    x = rng.normal(size=60)[cluster] + rng.normal(size=600)
    sums = np.bincount(cluster, x - x.mean())
    expected = np.sqrt((sums**2).sum()) / 600
    together = estimate(bootstrap(lambda w: np.average(x, weights=w), cluster, seed="c", replicates=1500).estimate())
    apart = estimate(bootstrap(lambda w: np.average(x, weights=w), np.arange(600), seed="c", replicates=500).estimate())
    assert together.se == pytest.approx(expected, rel=0.1)
    assert apart.se is not None
    assert apart.se < 0.6 * expected


def test_intervals_cover_the_truth() -> None:
    rng, repeats, covered = np.random.default_rng(4), 100, np.zeros(2)
    for i in range(repeats):
        x, y = rng.exponential(2, 80), rng.exponential(1, 80)
        drawn = bootstrap(lambda w, x=x, y=y: (w @ x) / (w @ y), np.arange(80), seed=f"run {i}", replicates=400)  # type: ignore[misc]
        for j, method in enumerate(("percentile", "normal")):
            one = estimate(drawn.estimate(method=method))  # type: ignore[arg-type]
            covered[j] += one.low <= 2 <= one.high
    assert (covered / repeats > 0.95 - 4 * np.sqrt(0.05 * 0.95 / repeats)).all(), covered / repeats


def test_differences_are_paired_by_unit_even_between_runs() -> None:
    rng = np.random.default_rng(5)
    before = pd.Series(rng.normal(100, 30, 500), index=[f"u{i}" for i in range(500)])
    later = (before + rng.normal(2, 3, 500)).sample(frac=1, random_state=1)

    def drawn(values: pd.Series, seed: str = "mean") -> Replicates:
        return bootstrap(lambda w: np.average(values, weights=w), values.index.to_numpy(), seed=seed, replicates=500)

    gap = estimate((drawn(later) - drawn(before)).estimate())
    change = (later.loc[before.index] - before).to_numpy()
    assert gap.value == pytest.approx(change.mean())
    assert gap.se == pytest.approx(change.std() / np.sqrt(500), rel=0.15)
    assert estimate(drawn(later).estimate()).se > 5 * gap.se  # type: ignore[operator]
    with pytest.raises(ValueError, match="made with other weights"):
        drawn(later) - drawn(before, seed="other")


def test_several_parts_at_once() -> None:
    x = np.random.default_rng(6).normal(size=100)
    drawn = bootstrap(lambda w: [w @ x, w.sum()], np.arange(100), seed="s", replicates=400)
    assert drawn.values.shape == (400, 2)
    assert estimate(drawn.estimate(1)).value == 100
    assert estimate(drawn.estimate(1)).se == pytest.approx(10, rel=0.15)


def test_too_little_to_go_by_is_said() -> None:
    few = bootstrap(np.sum, np.arange(30) % 12, seed="s", replicates=400).estimate()
    assert isinstance(few, NotEstimable)
    assert "12 clusters are too few" in few.reason
    rare = np.arange(40) == 0
    fails = bootstrap(lambda w: 1.0 if w @ rare else np.nan, np.arange(40), seed="s", replicates=400).estimate()
    assert isinstance(fails, NotEstimable)
    assert "the statistic fails in" in fails.reason
    nothing = bootstrap(lambda w: np.nan, np.arange(40), seed="s", replicates=400).estimate()
    assert isinstance(nothing, NotEstimable)
    with pytest.raises(ValueError, match="there are 100 replicates; expected 400 or more"):
        bootstrap(np.sum, np.arange(40), seed="s", replicates=100).estimate()
    with pytest.raises(ValueError, match="make no sample"):
        bootstrap(np.sum, np.arange(40), seed="s", kind="rademacher")
    with pytest.raises(ValueError, match="1 keys are missing"):
        replicate_weights(["a", None], seed="s", replicates=[0])
    with pytest.raises(ValueError, match="expected 'percentile' or 'normal'"):
        bootstrap(np.sum, np.arange(40), seed="s").estimate(method="bca")  # type: ignore[arg-type]
