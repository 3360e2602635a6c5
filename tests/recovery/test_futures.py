"""The oracle of future margins agrees with futures in which clients really leave, and with the bank's own."""

import numpy as np
import pytest
from recovery.futures import FutureMargins, brought, future_margins
from recovery.oracle import Watched, fork

from insights.demo import Law, simulate
from insights.demo.money.monthly import REVENUE_KINDS
from insights.stats.inputs import Floats

CLIENTS, MONTHS, SEED, HORIZON = 600, 36, 1, 12
FUTURES = 40
GATE = 4.0


@pytest.fixture(scope="module")
def best() -> FutureMargins:
    """The expectation where everybody sees the market that came."""
    return future_margins(Law(), CLIENTS, MONTHS, SEED, horizon=HORIZON, futures=FUTURES, fresh_market=False)


@pytest.fixture(scope="module")
def drawn(best: FutureMargins) -> Floats:
    """What the same clients bring by kind (futures, kinds) in futures in which they leave when a draw says so."""
    process = Watched(Law(), CLIENTS, MONTHS, SEED, tables=False)
    landmark = process.clock.total - 1 - HORIZON
    next(month for month in process.run() if month.t == landmark)
    made = np.zeros((FUTURES, len(REVENUE_KINDS)))
    for k in range(FUTURES):
        future, there = fork(process, SEED, FUTURES + k, landmark), best.at
        for h in range(HORIZON):
            month = future._month(landmark + 1 + h, record=False)
            # Who leaves is gone from then on, whether he comes back or not.
            there = np.setdiff1d(there, month.risk.at[month.reason >= 0])
            told = brought(future, month, there)
            made[k] += [told[name].sum() for name in REVENUE_KINDS]
    return made


def test_the_expectation_is_the_mean_over_futures_in_which_clients_leave(best: FutureMargins, drawn: Floats) -> None:
    expected = best.by_kind.sum(axis=(0, 1))
    error = drawn.std(axis=0, ddof=1) * np.sqrt(2 / FUTURES)
    assert (np.abs(drawn.mean(axis=0) - expected) < GATE * error).all()
    # Had nobody left, they would have brought more: the test could tell.
    stayed = (best.by_kind / best.alive[:, :, None]).sum(axis=(0, 1))
    assert (np.abs(drawn.mean(axis=0) - stayed) > GATE * error)[[0, 2]].all()


def test_the_banks_own_future_is_one_of_them(best: FutureMargins, drawn: Floats) -> None:
    bank = simulate(Law(), CLIENTS, MONTHS, SEED)
    first = MONTHS - HORIZON
    later = bank.person_months[(bank.person_months["month"] >= first) & bank.person_months["reason"].notna()]
    gone = later.groupby("client_id")["month"].min()
    revenue = bank.tables["revenue"]
    month = 12 * (revenue["month"].dt.year - bank.window_from.year) + revenue["month"].dt.month - bank.window_from.month
    until = revenue["client_id"].map(gone).fillna(MONTHS)
    own = revenue[revenue["client_id"].isin(best.at) & (month >= first) & (month < until)]
    happened = own.groupby("kind")["amount"].sum()[list(REVENUE_KINDS)].to_numpy()
    assert (np.abs(happened - drawn.mean(axis=0)) < GATE * drawn.std(axis=0, ddof=1)).all()
    assert own["client_id"].nunique() > 0.9 * len(best.at)


def test_markets_drawn_anew_share_the_past_and_spread_the_totals(best: FutureMargins) -> None:
    spread = future_margins(Law(), CLIENTS, MONTHS, SEED, horizon=HORIZON, futures=FUTURES // 2)
    assert spread.as_of == best.as_of
    assert (spread.at == best.at).all()
    np.testing.assert_allclose(spread.alive, best.alive, atol=0.15)
    fees = [each.totals.sum(axis=1).std() for each in (spread, best)]
    assert fees[0] > 2 * fees[1]
    value, error = spread.mean_value()
    assert value == pytest.approx(spread.margin.sum() / len(spread.at))
    assert error < 0.01 * value
    assert spread.mean_value(np.full(HORIZON, 0.5))[0] == pytest.approx(value / 2)
