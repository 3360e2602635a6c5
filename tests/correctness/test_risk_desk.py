"""Cases are opened where they save most, within capacity and above cost; a fixed lot draws a few of the others."""

import numpy as np
import pytest

from insights.data.settings_risk import DeskSection
from insights.models.risk.desk import CAPACITY, COST, chosen, drawn
from insights.stats.proportions import rate

IDS = [f"c{k:05d}" for k in range(5_000)]


def test_the_threshold_follows_from_capacity_or_from_cost() -> None:
    stake = np.arange(5_000, dtype=float)
    few = chosen(IDS, stake, DeskSection(cases_per_month=20, case_cost=10, saved=0.1), "loans", months=3)
    assert np.flatnonzero(few.case).tolist() == list(range(4_940, 5_000))
    assert few.bound_by == CAPACITY
    assert few.least == pytest.approx(494)
    dear = chosen(IDS, stake, DeskSection(cases_per_month=2_000, case_cost=450, saved=0.1), "loans")
    assert np.flatnonzero(dear.case).tolist() == list(range(4_501, 5_000))
    assert dear.bound_by == COST
    none = chosen(IDS, np.full(5_000, np.nan), DeskSection(cases_per_month=20), "loans")
    assert not none.case.any()
    assert np.isnan(none.least)
    with pytest.raises(ValueError, match="expected one stake each"):
        chosen(IDS, [1.0], DeskSection(cases_per_month=1), "loans")


def test_the_lot_is_fixed_below_the_threshold_and_its_own_for_each_purpose() -> None:
    rules = DeskSection(cases_per_month=100, saved=0.5, sample_share=0.04)
    stake = np.random.default_rng(1).gamma(1.0, 100.0, 5_000)
    found = chosen(IDS, stake, rules, "loans")
    assert not (found.case & found.lot).any()
    assert 0.03 < found.lot.mean() < 0.05
    again = chosen(IDS[::-1], stake[::-1], rules, "loans")
    assert (again.lot[::-1] == found.lot).all()
    other = drawn(IDS, 0.04, "calls")
    assert (other & found.lot).sum() < 25  # eight by chance


def test_misses_below_the_threshold_are_told_by_the_lot_with_an_interval_that_covers() -> None:
    inside, known = 0, []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        ids = [f"{seed}-{k}" for k in range(4_000)]
        chance = rng.beta(0.5, 20, 4_000)
        came = rng.random(4_000) < chance
        found = chosen(ids, chance, DeskSection(cases_per_month=200, saved=1.0, sample_share=0.1), "loans")
        missed = int((came & ~found.case).sum())
        told = rate(int((came & found.lot).sum()), 0.1, unit="misses")
        inside += told.low <= missed <= told.high
        known.append(told.value / missed)
    assert 90 <= inside <= 100  # an exact Poisson interval, a little wide as the lot draws without replacement
    assert np.mean(known) == pytest.approx(1.0, abs=0.06)
