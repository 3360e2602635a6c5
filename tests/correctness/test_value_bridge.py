"""The bridge between two values: exact sums for any pair of dates, causes that are alone, currency, intervals."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from value_bank import AS_OF, write_value_bank

from insights.data.months import add_months, month_end
from insights.data.snapshot import Bank, open_bank
from insights.models.value import bridge as module
from insights.models.value.bridge import LOST, NEW, PARTS, Bridge, bridge
from insights.models.value.changed import CAUSES, DISCOUNT, MARGIN, MARKET, MODEL, MOVED, RETENTION, Changed, Worth
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.worths import discounts, values
from insights.stats.orders import mean_over_orders
from insights.stats.results import NotEstimable

LAST = date.fromisoformat(AS_OF)
USUAL = module.SAMPLE
OF_BANK = {"cost": 120.0, "came": 120}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are drawn for few clients: most tests are about sums, which do not rest on them."""
    monkeypatch.setattr(module, "SAMPLE", 12)


def built(bank: Bank, before: date | None = None, now: date | None = None) -> Bridge:
    found = bridge(bank, before, now)
    assert isinstance(found, Bridge)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank whose smaller clients cost more than they bring, and that has won clients since its window opened."""
    return write_value_bank(tmp_path_factory.mktemp("bridge"), **OF_BANK).parent


@pytest.fixture(scope="module")
def bank(folder: Path) -> Iterator[Bank]:
    with open_bank(folder / "bank.toml", as_of=AS_OF) as found:
        yield found


@pytest.fixture(scope="module")
def banks(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Bank]]:
    """That bank, and one without revenue: its value is told in assets."""
    config = write_value_bank(tmp_path_factory.mktemp("assets"), drop=("revenue",), seed=5)
    with open_bank(config, as_of=AS_OF) as other:
        yield [bank, other]


@given(which=st.integers(0, 1), ends=st.sampled_from([30, 36]), back=st.integers(1, 12))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_bridge_sums_to_the_cent_for_any_pair_of_dates(banks: list[Bank], which: int, ends: int, back: int) -> None:
    bank = banks[which]
    before, now = (month_end(add_months(LAST, months - 36)) for months in (max(ends - back, 24), ends))
    found = built(bank, before, now)
    cents = found.cents()
    assert cents["was"] + sum(cents[name] for name in PARTS) == cents["now"]
    # Nothing is made to fit: each client's parts add up to his own change by themselves.
    change = found.clients["now"] - found.clients["was"]
    scale = np.abs(found.clients[["was", "now", *PARTS]].to_numpy()).max(axis=1) + 1
    np.testing.assert_allclose(found.clients[list(PARTS)].sum(axis=1) / scale, change / scale, atol=1e-9)
    for name in PARTS:
        assert abs(cents[name] / 100 - found.clients[name].sum()) < 0.03
        value, low, high = found.interval((name,))
        assert low <= value <= high
    values_now = lifetime_values(bank, now)
    assert isinstance(values_now, LifetimeValues)
    assert cents["now"] == round(100 * float(values_now.value.sum()))


def test_both_ends_are_the_values_of_their_dates_and_who_came_and_went_counts_whole(banks: list[Bank]) -> None:
    bank, before = banks[0], date(2021, 12, 31)
    found = built(bank, before)
    then, today = (lifetime_values(bank, day) for day in (before, LAST))
    assert isinstance(then, LifetimeValues)
    assert isinstance(today, LifetimeValues)
    own = found.clients.set_index("client_id")
    np.testing.assert_allclose(own["was"].reindex(then.clients["client_id"]), then.value, rtol=1e-9)
    np.testing.assert_allclose(own["now"].reindex(today.clients["client_id"]), today.value, rtol=1e-9)
    gone = set(then.clients["client_id"]) - set(today.clients["client_id"])
    came = set(today.clients["client_id"]) - set(then.clients["client_id"])
    assert len(gone) > 20
    assert len(came) > 20
    np.testing.assert_allclose(own.loc[sorted(gone), LOST], -own.loc[sorted(gone), "was"])
    np.testing.assert_allclose(own.loc[sorted(came), NEW], own.loc[sorted(came), "now"])
    assert not own.loc[sorted(gone | came), list(CAUSES)].to_numpy().any()
    assert not own.drop(sorted(gone | came))[[LOST, NEW]].to_numpy().any()


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_that_alone_changed_has_the_whole_change(bank: Bank, cause: str) -> None:
    """Clients who are all the same at both dates but for one thing."""
    own = lifetime_values(bank)
    assert isinstance(own, LifetimeValues)
    a = own.inputs
    n, ones = a.start.n, np.ones(a.start.n)
    b, market, moved, intensity = a, ones, ones, {(s, m): a.intensity for s in (False, True) for m in (False, True)}
    start = a.start
    if cause == MARKET:
        market = np.full(n, 1.1)
        more = np.full(n, np.log(1.1))
        grown = 1.1 * a.forecast.reaction[0].beyond(more)[:, None]
        start = replace(start, assets=1.1 * start.assets, income=start.income * grown, displaced=start.displaced + more)
    if cause == MOVED:
        moved = np.full(n, 0.8)
        start = replace(start, assets=0.8 * start.assets, income=0.8 * start.income)
    if cause == MARGIN:
        start = replace(start, income=1.3 * start.income, cost=start.cost - 100)
    b = replace(a, start=start)
    if cause == MODEL:
        b = replace(b, expected=0.004)
    if cause == DISCOUNT:
        b = replace(b, discount=discounts(0.05, a.months))
    if cause == RETENTION:
        intensity = {(s, m): a.intensity * (0.5 if s else 1.0) for s in (False, True) for m in (False, True)}
        b = replace(b, intensity=0.5 * a.intensity)
    median = float(np.median(a.start.assets))
    both = Changed(a, b, market, moved, intensity, (median, median))
    found = dict(zip(CAUSES, mean_over_orders(Worth(both, CAUSES), len(CAUSES)).sum(axis=1), strict=True))
    change = float(values(both.inputs(dict.fromkeys(CAUSES, True))).sum() - values(a).sum())
    assert abs(change) > 1e-3 * abs(float(values(a).sum()))
    assert found.pop(cause) == pytest.approx(change, rel=1e-9)
    assert max(abs(part) for part in found.values()) < 1e-6 * abs(change)


def test_who_had_nothing_or_moved_nearly_all_counts_as_moved(bank: Bank) -> None:
    own = lifetime_values(bank)
    assert isinstance(own, LifetimeValues)
    start, n = own.inputs.start, own.inputs.start.n
    later = replace(start, assets=np.where(np.arange(n) == 0, 0.0, start.assets), cost=start.cost - 100)
    nan = np.where(np.arange(n) == 0, np.nan, 1.0)
    same = {(s, m): own.inputs.intensity for s in (False, True) for m in (False, True)}
    both = Changed(own.inputs, replace(own.inputs, start=later), np.ones(n), nan, same, (1.0, 1.0))
    parts = dict(zip(CAUSES, mean_over_orders(Worth(both, CAUSES), len(CAUSES)), strict=True))
    assert parts[MOVED][0] < 0
    assert parts[MARGIN][0] == pytest.approx(0.0, abs=1e-6)
    assert parts[MARGIN][1] < 0
    assert parts[MOVED][1] == pytest.approx(0.0, abs=1e-6)


def test_another_discount_rate_before_is_a_part_of_its_own(folder: Path, bank: Bank) -> None:
    config = folder / "other.toml"
    more = "\n[value.bridge]\nmonths = 9\ndiscount_rate_before = 0.05\n"
    config.write_text((folder / "bank.toml").read_text(encoding="utf-8") + more, encoding="utf-8")
    with open_bank(config, as_of=AS_OF) as other:
        found, plain = built(other), built(bank, date(2022, 3, 31))
    assert found.before == date(2022, 3, 31)
    assert found.rates == (0.05, 0.08)
    assert found.clients["was"].sum() > plain.clients["was"].sum()
    assert found.clients[DISCOUNT].sum() < 0
    assert not plain.clients[DISCOUNT].any()
    assert found.clients["now"].sum() == pytest.approx(plain.clients["now"].sum())


def test_a_sample_tells_the_intervals_that_all_clients_tell(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "once", lambda bank, key, compute: compute())
    monkeypatch.setattr(module, "SAMPLE", USUAL)
    few = built(bank)
    monkeypatch.setattr(module, "SAMPLE", 10_000)
    every = built(bank)
    spread = pd.DataFrame({"few": few.drawn.std(axis=1), "every": every.drawn.std(axis=1)}, index=list(PARTS))
    moving = spread[spread["every"] > 0]
    assert {MOVED, MARKET, MARGIN, MODEL} <= set(moving.index)
    assert (moving["few"] / moving["every"]).between(0.8, 1.25).all(), spread


def test_dates_in_the_wrong_order_and_dates_too_early_are_refused(bank: Bank) -> None:
    with pytest.raises(ValueError, match="expected an earlier beginning"):
        bridge(bank, LAST, date(2022, 6, 30))
    found = bridge(bank, date(2020, 3, 31))
    assert isinstance(found, NotEstimable)
    assert found.reason.startswith("at the earlier date: ")
