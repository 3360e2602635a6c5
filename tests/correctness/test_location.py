"""Trimmed means and smooth medians against scipy, concentration and the split of a change by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mstats

from insights.stats.concentration import lorenz, top_bands
from insights.stats.decomposition import split_change
from insights.stats.location import smooth_median, trimmed_mean
from insights.stats.results import Estimate, NotEstimable

SKEWED = np.random.default_rng(3).lognormal(8, 1.5, 201) - 2000


def test_the_smooth_median_is_scipys_harrell_davis() -> None:
    found = smooth_median(SKEWED)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(float(mstats.hdquantiles(SKEWED, [0.5])[0]))
    assert found.se == pytest.approx(float(mstats.mjci(SKEWED, [0.5])[0]), rel=0.05)
    assert found.value not in SKEWED


def test_the_trimmed_mean_is_scipys() -> None:
    found = trimmed_mean(SKEWED, 0.1)
    assert isinstance(found, Estimate)
    low, high = mstats.trimmed_mean_ci(SKEWED, (0.1, 0.1), alpha=0.05)
    assert (found.value, found.low, found.high) == pytest.approx(
        (mstats.trimmed_mean(SKEWED, 0.1), low, high), rel=1e-3
    )


def test_intervals_cover_the_middle() -> None:
    rng, held = np.random.default_rng(5), 0
    truth = np.exp(8.0)
    for _ in range(400):
        found = smooth_median(rng.lognormal(8, 1.2, 120))
        assert isinstance(found, Estimate)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_few_values_have_no_middle() -> None:
    assert isinstance(smooth_median(np.arange(19)), NotEstimable)
    assert isinstance(trimmed_mean(np.arange(19)), NotEstimable)
    with pytest.raises(ValueError, match="leave out what is not known"):
        smooth_median([1.0, np.nan])
    with pytest.raises(ValueError, match=r"trim is 0\.5"):
        trimmed_mean(np.arange(30), 0.5)


def test_the_lorenz_curve_by_hand_dips_below_zero() -> None:
    band = top_bands([5.0, -1.0, 100.0, 20.0, 0.0], [1, 3])
    assert band.tolist() == [1, 2, 0, 1, 2]
    across, below = lorenz([1, 2, 2], [100.0, 25.0, -1.0])
    assert across == pytest.approx([0, 0.4, 0.8, 1])
    assert below == pytest.approx([0, -1 / 124, 24 / 124, 1])
    assert np.isnan(lorenz([1, 1], [-3.0, 1.0])[1]).all()
    with pytest.raises(ValueError, match="do not rise"):
        top_bands([1.0], [2, 2])


def test_a_change_is_split_by_hand() -> None:
    # Two groups at 1 % and 3 %: the base doubles, nothing else changes.
    volume = split_change([100, 100], [1, 3], [200, 200], [2, 6])
    assert (volume.volume, volume.rate, volume.mix) == pytest.approx((4, 0, 0))
    # All of the base moves to the dearer group.
    mix = split_change([100, 100], [1, 3], [0, 200], [0, 6])
    assert (mix.volume, mix.rate, mix.mix) == pytest.approx((0, 0, 2))
    # Rates fall to a half.
    rate = split_change([100, 100], [1, 3], [100, 100], [0.5, 1.5])
    assert (rate.volume, rate.rate, rate.mix) == pytest.approx((0, -2, 0))
    with pytest.raises(ValueError, match="some of them positive"):
        split_change([0.0], [1.0], [1.0], [1.0])


AMOUNT = st.floats(-1e6, 1e6)
BASE = st.one_of(st.just(0.0), st.floats(1.0, 1e6))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(BASE, AMOUNT, BASE, AMOUNT), min_size=1, max_size=8))
def test_the_parts_always_add_up_and_turn_round(rows: list[tuple[float, float, float, float]]) -> None:
    b0, a0, b1, a1 = (np.array(column) for column in zip(*rows, strict=True))
    if b0.sum() <= 0 or b1.sum() <= 0:
        return
    found = split_change(b0, a0, b1, a1)
    size = max(np.abs(a0).sum(), np.abs(a1).sum(), 1.0) * max(b0.sum() / b1.sum(), b1.sum() / b0.sum(), 1.0)
    rates = np.abs(np.concatenate([a0[b0 > 0] / b0[b0 > 0], a1[b1 > 0] / b1[b1 > 0], [0.0]])).max()
    size = max(size, rates * max(b0.sum(), b1.sum()))
    whole = found.volume + found.rate + found.mix
    assert (whole, found.change) == pytest.approx((a1.sum() - a0.sum(),) * 2, abs=1e-12 * size)
    own = found.table[["volume", "rate", "mix"]].sum()
    assert own.tolist() == pytest.approx([found.volume, found.rate, found.mix], abs=1e-9 * size)
    back = split_change(b1, a1, b0, a0)
    for part in ("volume", "rate", "mix"):
        assert getattr(back, part) == pytest.approx(-getattr(found, part), abs=1e-9 * size)
    double = split_change(2 * b0, 2 * a0, 2 * b1, 2 * a1)
    assert (double.volume, double.rate) == pytest.approx((2 * found.volume, 2 * found.rate), abs=1e-9 * size)
