"""Lifetime value: what it adds up to, what it is told in, what it does with odd clients, and what a reader sees."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from value_bank import AS_OF, write_value_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.exits.rows import exit_rows
from insights.models.value.draws import drawn_values
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.money import ASSETS, MARGIN, PAID_IN, money
from insights.models.value.totals import giants, summed
from insights.reports.wording import Wording
from insights.stats.results import NotEstimable
from insights.topics import value as topic
from insights.topics.evidence import Answer, NotAvailable


def opened(folder: Path, **options: object) -> Bank:
    return open_bank(write_value_bank(folder, **options), as_of=AS_OF)  # type: ignore[arg-type]


def of(bank: Bank, **options: object) -> LifetimeValues:
    found = lifetime_values(bank, **options)  # type: ignore[arg-type]
    assert isinstance(found, LifetimeValues)
    return found


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with opened(tmp_path_factory.mktemp("value")) as found:
        yield found


def test_at_no_discount_the_value_is_the_expected_sum(bank: Bank) -> None:
    plain = of(bank, rate=0.0, months=60)
    ahead = plain.course()
    brought = (ahead.alive * (ahead.income + ahead.cost)).sum(axis=1)
    np.testing.assert_allclose(plain.value, brought, rtol=1e-12)
    np.testing.assert_allclose(plain.value, plain.clients["value_undiscounted"], rtol=1e-12)
    assert plain.yearly["brought"].sum() == pytest.approx(plain.value.sum())
    assert plain.yearly["value"].sum() == pytest.approx(plain.value.sum())
    dearer = of(bank, rate=0.1, months=60)
    np.testing.assert_allclose(dearer.clients["value_undiscounted"], plain.value, rtol=1e-12)
    positive = (ahead.income + ahead.cost > 0).all(axis=1)
    assert (dearer.value[positive] < plain.value[positive]).all()


def test_the_mean_of_the_draws_is_the_value(bank: Bank) -> None:
    found = of(bank)
    np.testing.assert_allclose(found.drawn.expected.mean(axis=1), found.value, rtol=1e-3, atol=1.0)
    realised = found.drawn.realised.sum(axis=0, dtype=float)
    assert realised.mean() == pytest.approx(found.value.sum(), rel=3 * realised.std() / realised.mean() / 300**0.5)


def test_intervals_resample_the_market_that_all_clients_share(bank: Bank) -> None:
    found = of(bank)
    assert found.market is not None
    calm = replace(found.market, swings=0 * found.market.swings, flows=0 * found.market.flows)
    worlds = found.shared, replace(found.shared, market=calm)
    drawn = [drawn_values(found.inputs, found.factors, own, np.random.default_rng(1)).realised for own in worlds]
    spread = [each.sum(axis=0, dtype=float).std() for each in drawn]
    assert spread[0] > 1.05 * spread[1]
    together = [np.corrcoef(each[::2].sum(axis=0), each[1::2].sum(axis=0))[0, 1] for each in drawn]
    assert together[0] > together[1] + 0.05


def test_without_revenue_value_is_in_assets_and_says_so(tmp_path: Path) -> None:
    with opened(tmp_path / "assets", drop=("revenue",)) as bank:
        assert of(bank).measure == ASSETS
        exhibit = shown(topic.worth(bank), bank)
        assert title(exhibit).startswith("Told in assets, the clients in force are worth CHF")
        assert exhibit.refusals[0].values["needs"] == ["revenue.amount"]
    with opened(tmp_path / "paid", drop=("revenue", "balances")) as bank:
        assert of(bank).measure == PAID_IN
        # Whoever has left has nothing there any more, though no booking says that he took it out.
        book, rows = money(bank), exit_rows(bank)
        assert book is not None
        left = np.flatnonzero(rows.cause > 0)
        assert len(left) > 50
        for k in left:
            column = rows.month[k] - book.first
            assert (book.assets[rows.client[k], column:] == 0).all()
        assert (book.assets[rows.client[left], rows.month[left] - book.first - 1] > 0).mean() > 0.3
        exhibit = shown(topic.worth(bank), bank)
        assert title(exhibit).startswith("Told in what they have paid in")
        words = Wording("en", {}, currency="CHF").text(exhibit.refusals[0])
        assert words == "not available: needs revenue.amount or balances.amount"
    with opened(tmp_path / "none", drop=("revenue", "balances", "transactions")) as bank:
        assert isinstance(lifetime_values(bank), NotEstimable)
        answer = topic.worth(bank)
        assert isinstance(answer, NotAvailable)
        assert answer.needs == (("revenue.amount", "balances.amount", "transactions.amount"),)


def test_a_client_who_costs_more_than_he_brings_has_a_negative_value(bank: Bank) -> None:
    found = of(bank)
    cheap = found.clients["margin_12m"] < 0
    assert cheap.any()
    assert (found.value[(found.clients["margin_12m"] < -100).to_numpy()] < 0).all()
    assert money(bank).measure == MARGIN  # type: ignore[union-attr]


def test_the_forecast_agrees_with_what_clients_really_brought(tmp_path: Path) -> None:
    with opened(tmp_path, clients=800) as bank:
        book = money(bank)
        assert book is not None
        then = of(bank, landmark=date(2022, 6, 30), months=6, rate=0.0)
        start = then.inputs.start
        real = book.brought[start.client, start.at + 1 : start.at + 7].sum()
        large = giants(then, bank.settings.disclosure)
        whole = summed(then, large)
        # It allows for what markets did in that time, and for who left by chance.
        assert whole.low < real < whole.high
        gone = (book.assets[start.client, start.at + 6] == 0).mean()
        assert then.course().alive[:, 5].mean() == pytest.approx(1 - gone, abs=0.03)


def test_too_little_history_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, clients=60) as bank:
        found = lifetime_values(bank)
        assert isinstance(found, NotEstimable)
        answer = topic.worth(bank)
        assert isinstance(answer, Answer)
        assert answer.kind == "value.refused"
        shown(answer, bank)


def test_the_page_says_what_the_book_is_worth(bank: Bank) -> None:
    answer = topic.worth(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    assert title(exhibit).startswith("The clients in force are worth CHF")
    rows = answer.exact["totals"].set_index("measure")
    assert rows.loc["value", "low"] < rows.loc["value", "value"] < rows.loc["value", "high"]
    assert len(exhibit.tables[0].rows) == 10


@pytest.mark.long
def test_public_policies_are_valued_in_the_premiums_they_hold(shared: Path) -> None:
    config = Path(__file__).parents[2] / "examples" / "eu_savings" / "bank.toml"
    with open_bank(config, as_of="2005-12-31", raw=shared / "data" / "eu_savings") as bank:
        found = of(bank)
        assert found.measure == PAID_IN
        premiums = bank.table("transactions")
        held = premiums.filter(premiums.client_id.isin(list(found.clients["client_id"]))).amount.sum().execute()
        assert found.clients["assets"].sum() == pytest.approx(float(held))
        # A single premium neither grows nor shrinks while the policy is held.
        ahead = found.course()
        assert ahead.assets[:, 11].sum() / found.clients["assets"].sum() == pytest.approx(1.0, abs=0.01)
        assert found.yearly["there"].is_monotonic_decreasing
        exhibit = shown(topic.worth(bank), bank)
        assert title(exhibit).startswith("Told in what they have paid in, the clients in force are worth")
        change = shown(topic.bridge(bank), bank)
        assert title(change).startswith("Told in what they have paid in, held for one year, the clients are worth")
        parts = {r["group"]["part"]: r["value"] for r in change.estimates if r["name"] == "part"}
        assert not {"moved", "market", "margin", "discount"} & set(parts)
        # Premiums are owed under the contract: they are no stream, and the report does not look for one in them.
        (answer,) = topic.streams(bank)
        assert isinstance(answer, NotAvailable)
