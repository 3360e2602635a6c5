"""What was told a year ago and what came: nothing known later is in it, errors are those by hand, words fit numbers."""

import importlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from value_bank import AS_OF, write_value_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.draws import noise_of
from insights.models.value.hindsight import Hindsight
from insights.models.value.hindsight import hindsight as looked_back
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.amounts import amount_errors
from insights.topics import value
from insights.topics.evidence import Answer

BEFORE = date(2021, 12, 31)
topic = importlib.import_module("insights.topics.value.hindsight")  # the package has a function of this name


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    config = write_value_bank(tmp_path_factory.mktemp("hindsight"), came=120)
    with open_bank(config, as_of=AS_OF) as found:
        yield found


@pytest.fixture(scope="module")
def found(bank: Bank) -> Hindsight:
    seen = looked_back(bank)
    assert isinstance(seen, Hindsight)
    return seen


def test_what_was_told_is_what_a_bank_of_that_day_tells(bank: Bank, found: Hindsight) -> None:
    with open_bank(bank.settings.path, as_of=BEFORE.isoformat()) as then:
        told = lifetime_values(then, months=12, rate=0.0)
        assert isinstance(told, LifetimeValues)
    assert found.values.landmark == BEFORE
    assert list(found.values.clients["client_id"]) == list(told.clients["client_id"])
    np.testing.assert_allclose(found.told, told.value, rtol=1e-9)
    # Its intervals are made wider than today's by what today's fit has seen since: about as wide as that day's own.
    wide = np.quantile(told.drawn.realised.sum(axis=0), [0.025, 0.975])
    own = np.quantile(found.values.drawn.realised.sum(axis=0), [0.025, 0.975])
    assert np.diff(own)[0] == pytest.approx(np.diff(wide)[0], rel=0.15)


def test_what_came_and_last_year_again_are_those_of_the_books(bank: Bank, found: Hindsight) -> None:
    """Revenue as it was delivered, less the cost of the capital that 15 % of a year's income ties up."""
    rows = bank.table("revenue").select("client_id", "month", "kind", "amount").execute()
    rows["amount"] = rows["amount"].astype(float) * np.where(rows["kind"] == "fee", 1 - 0.08 * 0.15, 1.0)
    rows["year"] = pd.to_datetime(rows["month"]).dt.year
    sums = rows.pivot_table(index="client_id", columns="year", values="amount", aggfunc="sum", fill_value=0.0)
    sums = sums.reindex(found.values.clients["client_id"])
    np.testing.assert_allclose(found.came, sums[2022], rtol=1e-6, atol=1e-3)
    whole_year = (found.values.clients["tenure_months"] >= 12).to_numpy()
    assert 0.5 < whole_year.mean() < 1
    np.testing.assert_allclose(found.again[whole_year], sums[2021][whole_year], rtol=1e-6, atol=1e-3)
    left = bank.table("clients").filter(lambda t: t.left_on.notnull()).select("client_id").execute()["client_id"]
    assert found.values.clients["client_id"].isin(left).sum() > 10  # who left since is in it


def test_a_clients_own_interval_is_no_wider_than_it_says(found: Hindsight) -> None:
    """One that always holds says nothing. Here nothing was known of markets, which moved all alike: some more miss."""
    assert found.values.market is None
    assert 0.85 < found.held.mean() < 0.97
    assert (found.came > found.high).mean() > 0.005  # of those who stayed too some are beyond it


def test_who_brings_the_very_end_of_his_interval_is_held_by_it(found: Hindsight) -> None:
    """Draws have seven digits: an amount that never moves is their largest but for rounding."""
    top = replace(found, came=found.high * (1 + 1e-7))
    assert top.held.all()
    assert not replace(found, came=found.high + 0.01 * np.abs(found.high) + 1).held.any()


def test_what_goes_wrong_with_a_client_follows_from_the_parts_of_his_income(found: Hindsight) -> None:
    """All moves with what he holds; what a part of the income has beyond that counts by the square of its share."""
    inputs = found.values.inputs
    fits = {(what, 12): replace(fit, noise=noise) for what, fit, noise in (
        ("assets", inputs.forecast.fits["assets", 12], 0.2),
        (0, inputs.forecast.fits[0, 12], 0.3),
        (1, inputs.forecast.fits[0, 12], 0.6),
    )}  # fmt: skip
    income = np.array([[10.0, 0.0], [5.0, 5.0], [0.0, 0.0]])
    start = replace(inputs.start.take(np.arange(3)), income=income, means=(1.0, np.array([3.0, 1.0]), 0.0))
    own = replace(inputs.take(np.arange(3)), start=start, forecast=replace(inputs.forecast, fits=fits))
    year, later = noise_of(own)
    by_hand = [0.09, 0.04 + 0.25 * 0.05 + 0.25 * 0.32, 0.04 + 0.75**2 * 0.05 + 0.25**2 * 0.32]
    np.testing.assert_allclose(year, np.log1p(by_hand))
    assert later == pytest.approx(np.log1p(0.04))


def test_errors_are_those_by_hand_and_a_forecast_that_knows_more_is_nearer() -> None:
    rng = np.random.default_rng(2)
    came = np.exp(rng.normal(3, 1, 400))
    good, bad = came * np.exp(0.1 * rng.standard_normal(400)), came * np.exp(0.4 * rng.standard_normal(400))
    units = np.arange(400).astype(str)
    seen = amount_errors(good, bad, came, units, unit="CHF", seed="s")
    assert isinstance(seen.own, Estimate)
    assert isinstance(seen.rival, Estimate)
    assert isinstance(seen.gain, Estimate)
    assert seen.own.value == pytest.approx(np.abs(good - came).mean())
    assert seen.rival.value == pytest.approx(np.abs(bad - came).mean())
    assert seen.gain.value == pytest.approx(seen.rival.value - seen.own.value)
    assert seen.gain.low > 0
    swapped = amount_errors(bad, good, came, units, unit="CHF", seed="s")
    assert isinstance(swapped.gain, Estimate)
    assert swapped.gain.high < 0
    assert isinstance(seen.ranks, Estimate)
    assert isinstance(seen.rival_ranks, Estimate)
    assert seen.ranks.value > seen.rival_ranks.value
    alike = amount_errors(good, good, came, units, unit="CHF", seed="s").gain
    assert isinstance(alike, Estimate)
    assert alike.value == alike.low == alike.high == 0
    few = amount_errors(good[:10], bad[:10], came[:10], units[:10], unit="CHF", seed="s")
    assert isinstance(few.own, NotEstimable)
    with pytest.raises(ValueError, match="expected"):
        amount_errors(good[:9], bad, came, units, unit="CHF", seed="s")


def test_the_gains_interval_covers() -> None:
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        came = np.exp(rng.normal(0, 0.5, 300))
        good, bad = came + rng.normal(0, 0.5, 300), came + rng.normal(0, 0.8, 300)
        gain = amount_errors(good, bad, came, np.arange(300).astype(str), unit="", seed=str(seed)).gain
        assert isinstance(gain, Estimate)
        hits += gain.low <= 0.3 * np.sqrt(2 / np.pi) <= gain.high
    assert 52 <= hits <= 60


def told(bank: Bank, found: Hindsight, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setattr(topic, "looked_back", lambda bank: found)
    exhibit = shown(value.hindsight(bank), bank)
    return title(exhibit), exhibit.sentences[0].id if exhibit.sentences else ""


@pytest.mark.parametrize(
    ("factor", "says", "where"),
    [(0.5, "less than the", "lies below"), (2.0, "more than the", "lies above"), (1.001, "as was foretold", "within")],
)
def test_the_page_says_what_came_beside_what_was_foretold(
    bank: Bank, found: Hindsight, factor: float, says: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = factor * found.told
    whole, sentence = told(bank, replace(found, came=came), monkeypatch)
    assert says in whole
    assert where in sentence


def test_a_client_who_decides_the_difference_is_told_of_no_one(
    bank: Bank, found: Hindsight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that was foretold came, but for one client, who left: what is missing would be what he was worth."""
    came = found.told.copy()
    came[int(np.argmax(found.told))] = 0.0
    whole, _ = told(bank, replace(found, came=came), monkeypatch)
    assert whole == "How the forecast of a year ago did cannot be told yet"


def test_bands_are_told_with_what_came_and_the_lift_is_theirs(bank: Bank) -> None:
    answer = value.hindsight(bank)
    assert isinstance(answer, Answer)
    rows = answer.exact
    bands = rows.bands
    assert len(bands) > 3
    assert bands["told"].is_monotonic_decreasing
    each = bands["came"] / bands["clients"]
    assert rows.lift == pytest.approx(each.iloc[0] / (bands["came"].sum() / bands["clients"].sum()))
    assert rows.lift > 1.5
    totals = rows.totals.set_index("measure")["value"]
    for name in ("told", "came", "again"):
        assert bands[name].sum() == pytest.approx(totals[name], rel=0.02)


def test_without_revenue_it_is_told_in_assets(tmp_path: object) -> None:
    with open_bank(write_value_bank(tmp_path, drop=("revenue",)), as_of=AS_OF) as other:  # type: ignore[arg-type]
        exhibit = shown(value.hindsight(other), other)
    assert title(exhibit).startswith("Told in assets held for one year")
    assert exhibit.refusals
