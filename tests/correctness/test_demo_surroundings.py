"""What surrounds the demo bank's clients follows its law: markets, mentions, incidents, the shelf, and their wealth."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from insights.demo import DemoBank, Law, simulate
from insights.demo.bank import begin
from insights.demo.clock import Clock
from insights.demo.money.market import Market, draw_market, redraw_market
from insights.demo.people.clients import draw_people

GATE = 4.0
"""Standard errors; the seeds are fixed."""


@pytest.fixture(scope="module")
def bank() -> DemoBank:
    return simulate(Law(), clients=1_500, months=36, seed=21)


@pytest.fixture(scope="module")
def long_market() -> Market:
    """Far more months than any bank has, so that moments can be held against the law."""
    return draw_market(Law(), Clock(20_000, 0), 3)


def test_one_month_of_the_window_is_the_crash(bank: DemoBank) -> None:
    market = bank.tables["market"]
    index = market[market["series"] == "equity_index"].set_index("month")["value"]
    returns = np.log(index).diff().dropna()
    assert returns.min() == pytest.approx(bank.law.market.crash, abs=1e-6)
    assert returns.idxmin() == bank.window_from + pd.DateOffset(months=int(0.5 * 35))
    assert (returns.drop(returns.idxmin()) > bank.law.market.crash / 1.5).all()


def test_calm_and_wild_months_come_in_clusters(long_market: Market) -> None:
    p, kept = Law().market, np.delete(long_market.equity, long_market.crash_month)
    surprise = kept - p.equity_mean
    assert abs(surprise.mean()) < GATE * p.equity_sd / np.sqrt(len(kept))
    assert surprise.std() == pytest.approx(p.equity_sd, rel=0.05)
    # Autocorrelation of squares of a GARCH(1,1) (Bollerslev 1986): at lag 1, and falling by arch + garch a month.
    a, b = p.arch, p.garch
    first = a * (1 - a * b - b**2) / (1 - 2 * a * b - b**2)
    square = surprise**2 - (surprise**2).mean()
    found = [(square[k:] * square[:-k]).mean() / square.var() for k in (1, 4)]
    assert found == pytest.approx([first, first * (a + b) ** 3], abs=0.05)
    level = long_market.rate
    assert level.min() >= 0
    moved = np.corrcoef(level[1:], level[:-1])[0, 1]
    assert moved == pytest.approx(p.rate_persistence, abs=0.01)


def test_another_future_of_the_market_begins_where_this_one_stands() -> None:
    law, past = Law(), draw_market(Law(), Clock(120, 0), 3)
    after = int(past.variance[:59].argmax()) - 1  # before the wildest month, and before the crash
    futures = [redraw_market(past, law, after, np.random.default_rng(k)) for k in range(400)]
    for series in ("equity", "bonds", "rate", "fx"):
        own, drawn = getattr(past, series), np.array([getattr(f, series)[: after + 3] for f in futures])
        assert (drawn[:, : after + 1] == own[: after + 1]).all(), series
        assert len(np.unique(drawn[:, after + 1])) == len(futures), series
    # The month after a wild one is wild in every future: the variance is the one that the past gives.
    spread = np.array([f.equity[after + 1] for f in futures]).std()
    assert spread == pytest.approx(np.sqrt(past.variance[after + 1]), rel=GATE / np.sqrt(2 * len(futures)))
    assert past.variance[after + 1] > 1.3 * law.market.equity_sd**2
    # The crash that is still to come is nobody's to expect.
    assert past.crash_month == 59
    assert min(f.equity[past.crash_month] for f in futures) > law.market.crash


def test_bad_mentions_break_out_once_for_days(bank: DemoBank) -> None:
    p, mentions = bank.law.mentions, bank.tables["mentions"]
    daily = mentions.groupby("day")[["positive", "negative"]].sum()
    start = int(p.outbreak_at * len(daily))
    during = np.zeros(len(daily), bool)
    during[start : start + p.outbreak_days] = True
    usual = sum(p.negative)
    for days, rate in ((during, usual * p.outbreak_factor), (~during, usual)):
        expected = rate * days.sum()
        assert abs(daily["negative"][days].sum() - expected) < GATE * np.sqrt(expected)
    expected = sum(p.positive) * during.sum()
    assert abs(daily["positive"][during].sum() - expected) < GATE * np.sqrt(expected)


def test_incidents_are_reported_after_a_geometric_number_of_months() -> None:
    law = Law()
    many = dataclasses.replace(law, incidents=dataclasses.replace(law.incidents, per_thousand=60.0))
    made = simulate(many, clients=300, months=120, seed=5)
    incidents, p = made.tables["incidents"], many.incidents
    old = incidents[incidents["occurred_on"] < made.last_day - pd.DateOffset(months=36)]  # hardly any is unreported
    months = (old["reported_on"] - old["occurred_on"]).dt.days / 30.4
    n = len(old)
    spread = np.sqrt(p.delay_months * (1 + p.delay_months))
    assert n > 1_000
    assert abs(months.mean() - p.delay_months) < GATE * spread / np.sqrt(n)
    assert abs((months < 0.5).mean() - 1 / (1 + p.delay_months)) < GATE * 0.5 / np.sqrt(n)
    # What happened lately is mostly not reported yet, and so not delivered.
    last_year = incidents["occurred_on"] > made.last_day - pd.DateOffset(months=6)
    assert last_year.sum() < 0.85 * n / 84 * 6
    assert (incidents["reported_on"] <= made.last_day).all()


def test_orders_against_tolerance_are_counted_and_none_are_made_where_the_law_allows_none() -> None:
    law, counted = Law(), {}
    for chance in (0.0, 0.3, 0.6):
        own = dataclasses.replace(law, products=dataclasses.replace(law.products, unsuitable=chance))
        process = begin(own, 1_000, 24, 9, tables=False)
        for _ in process.run():
            pass
        counted[chance] = process.unsuitable_orders
    assert counted[0.0] == 0
    assert counted[0.3] > 10
    assert abs(counted[0.6] - 2 * counted[0.3]) < GATE * np.sqrt(counted[0.6] + 4 * counted[0.3])


def test_wealth_has_a_heavy_tail() -> None:
    """Within a type log wealth is normal for most; the share in the tail has an exponential extra on top."""
    law = Law()
    people = draw_people(law, Clock(60, 240), 40_000, 4)
    p = law.people
    own = people.log_wealth - np.array(p.log_wealth)[people.kind]
    above = (own > 4 * p.log_wealth_sd).mean()
    # A normal passes four spreads once in 30,000; with the extra it is the tail's share times a convolved exponential.
    z = np.random.default_rng(0).standard_normal(400_000) * p.log_wealth_sd
    extra = np.random.default_rng(1).exponential(p.heavy_tail_mean, 400_000)
    expected = p.heavy_tail_share * (z + extra > 4 * p.log_wealth_sd).mean()
    assert abs(above - expected) < GATE * np.sqrt(expected / len(own))
    assert above > 10 * 3.2e-5
    assert abs((own < -4 * p.log_wealth_sd).mean()) < 5e-4
