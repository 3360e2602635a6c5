"""Preferences: habits are found where there are any, and none is claimed where all do the same by chance."""

import numpy as np
import pandas as pd
import pytest

from insights.models.preference import CHANNEL, TIME, Preferred, prefer
from insights.stats.results import Estimate, NotEstimable
from insights.stats.shrunken_shares import ShrunkenShares, shrunken_shares


def counts(concentration: float, n: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(concentration * np.array([0.5, 0.3, 0.2]), n)
    return np.array([rng.multinomial(each, p) for p in shares]), shares


def test_the_concentration_is_recovered_and_the_shares_beat_plain_and_pooled_ones() -> None:
    for planted in (1.5, 6.0):
        seen, true = counts(planted, 2_000, 6, 1)
        found = shrunken_shares(seen)
        assert isinstance(found, ShrunkenShares)
        assert found.concentration == pytest.approx(planted, rel=0.15)
        errors = [((s - true) ** 2).mean() for s in (found.shares, seen / 6, np.tile(found.common, (2_000, 1)))]
        assert errors[0] < 0.95 * min(errors[1:])
        np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    alike = shrunken_shares(counts(1e6, 2_000, 6, 2)[0])
    assert isinstance(alike, ShrunkenShares)
    assert alike.concentration > 50


def test_a_unit_without_counts_has_the_shares_of_all_and_too_little_is_refused() -> None:
    seen = np.vstack([counts(2.0, 200, 5, 3)[0], np.zeros((1, 3), int)])
    found = shrunken_shares(seen)
    assert isinstance(found, ShrunkenShares)
    np.testing.assert_allclose(found.shares[-1], found.common)
    assert isinstance(shrunken_shares(seen[:20]), NotEstimable)
    assert isinstance(shrunken_shares(np.column_stack([seen[:, 0] + 1, 0 * seen[:, 0]])), NotEstimable)
    with pytest.raises(ValueError, match="expected"):
        shrunken_shares(-seen)


def contacts(habits: bool, seed: int) -> pd.DataFrame:
    """Thirty months of contacts of 400 clients, one in two months each; by habit, or by the same chance for all."""
    rng = np.random.default_rng(seed)
    n, months = 400, 30
    shares = rng.dirichlet([0.5, 0.3, 0.2] if habits else [5e5, 3e5, 2e5], n)
    client = np.repeat(np.arange(n), months // 2)
    month = np.tile(np.arange(0, months, 2), n)
    channel = np.array([rng.choice(["app", "email", "phone"], p=shares[c]) for c in client])
    rows = pd.DataFrame({"client_id": [f"c{c:03d}" for c in client], "month": month, "channel": channel})
    rows["day"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(month * 30, unit="D")
    return rows.assign(direction="inbound", hour=rng.integers(8, 19, len(rows)).astype(float))


def test_habits_tell_the_next_channel_and_the_model_knows_how_well() -> None:
    found = prefer(contacts(habits=True, seed=5), 29)
    trial = found.trials[CHANNEL]
    assert isinstance(trial.gain, Estimate)
    assert isinstance(trial.own, Estimate)
    assert trial.gain.low > 0.05
    assert trial.own.low < trial.told < trial.own.high
    assert trial.clients == 400
    assert isinstance(found.channel, Preferred)
    assert set(found.channel.first) == {"app", "email", "phone"}
    timing = found.trials[TIME].gain  # hours were drawn without any habit
    assert isinstance(timing, Estimate)
    assert timing.low < 0.02


def test_where_all_do_the_same_no_habit_is_claimed() -> None:
    found = prefer(contacts(habits=False, seed=6), 29)
    trial = found.trials[CHANNEL]
    assert isinstance(trial.gain, Estimate)
    assert trial.gain.low <= 0
    assert isinstance(found.channel, Preferred)
    assert (found.channel.first == "app").mean() > 0.95
    outbound = contacts(habits=True, seed=5).assign(direction="outbound")
    assert isinstance(prefer(outbound, 29).channel, NotEstimable)
