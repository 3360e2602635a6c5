"""What the demo bank's law says of first purchases: the best prediction that anybody could make of them."""

from pathlib import Path

import numpy as np
import pandas as pd

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank
from insights.demo import Law
from insights.demo.money.products import FALLBACK
from insights.models.needs.rows import NeedRows
from insights.models.needs.suitable import suitable
from insights.models.needs.trials import Trials, chosen_rows
from insights.stats.inputs import Floats

AHEAD = 3
"""Months of the horizon."""


def against_the_law(bank: Bank, rows: NeedRows, tried: Trials, folder: Path) -> tuple[dict[str, float], float]:
    """Return the true chance of those chosen, by way of choosing, and of those whom the oracle would choose."""
    frame = tried.frame
    told = []
    for foresight in (True, False):
        chance = {c: true_probability(bank, rows, folder, c, foresight=foresight) for c in frame["column"].unique()}
        own = zip(frame["column"], frame["client"], frame["kind"], strict=True)
        told.append(np.array([chance[c][i, k] for c, i, k in own]))
    frame = frame.assign(truth=told[0], oracle=told[1])
    capacity = bank.settings.needs.offers_per_manager
    reached = {way: float(frame["truth"][chosen].mean()) for way, chosen in tried.chosen.items()}
    return reached, float(frame["truth"][chosen_rows(frame, "oracle", capacity)].mean())


def true_probability(bank: Bank, rows: NeedRows, folder: Path, column: int, *, foresight: bool = True) -> Floats:
    """Return the law's probability (n, k) of a first purchase in the three months after a landmark, campaigns apart.

    Of whoever knows the law, each client's type, and whether he uses website and app; cash and products are those of
    the landmark. Who drops all his funds gets the fund of last resort, and that is a purchase too. With ``foresight``
    the markets are those that came, and this is the truth; without it they stay where they were at the landmark, and
    this is the best that anybody could say then.
    """
    law = Law()
    p, people = law.products, law.people
    truth = pd.read_parquet(folder.with_name(folder.name + "_truth") / "clients.parquet")
    code = Key.load(bank.settings).pseudonyms("client", truth["client_id"])
    truth = truth.set_axis(pd.Index(code)).reindex(rows.months.client_id)
    kind = pd.Index(people.type_names).get_indexer(truth["type"])
    assert (kind >= 0).all()
    rate, equity = (_series(bank, rows, name) for name in ("policy_rate", "equity_index"))
    tolerance = rows.tolerance[:, column]
    fits = suitable(rows.products.rating, rows.products.minimum, tolerance, rows.assets[:, column])
    shelf = {product.code: product for product in p.shelf}
    held = _held(bank, rows, column)
    assert rows.cash is not None
    kept = np.asarray(p.cash_kept)[np.nan_to_num(tolerance, nan=1).astype(int) - 1]
    spare = np.clip(10 * (np.nan_to_num(rows.cash[:, column]) - kept), *p.spare_limits)
    digital = truth["digital"].to_numpy(bool)
    funds = np.array([shelf[name].category != "mandate" for name in rows.products.codes])
    number = held[:, funds].sum(axis=1)
    dropped = np.where(number > 0, p.drop ** np.maximum(number, 1), 0.0)
    last_resort = rows.products.category[rows.products.codes.index(p.shelf[FALLBACK].code)]
    stays = np.ones(rows.bought.shape)
    for ahead in range(column + 1, column + 1 + AHEAD):
        last = min(ahead, int(rate.index.max())) if foresight else column
        known = equity.index.max() if foresight else column
        trailing = np.log(equity[min(ahead - 1, known)] / equity[min(ahead - 4, known)])
        moved = 10 * trailing * law.wealth.exposure_per_tolerance * tolerance
        tenure = np.log1p(np.maximum(ahead - rows.months.joined, 0) / 12)
        for j, name in enumerate(rows.products.codes):
            product = shelf[name]
            odds = p.intercept + np.asarray(product.taste)[kind]
            odds = odds + product.rate_effect * (rate[last] - 100 * law.market.rate_mean)
            odds = odds + product.market_effect * moved + p.spare_cash * spare + p.log_tenure * tenure
            odds = odds + p.goes_with * held[:, rows.products.codes.index(product.goes_with)]
            odds = odds + p.online * product.online * (digital - 0.5)
            stays[:, rows.products.category[j]] *= 1 - np.where(fits[:, j], 1 / (1 + np.exp(-odds)), 0.0)
        stays[:, last_resort] *= 1 - dropped
    return 1 - stays


def _series(bank: Bank, rows: NeedRows, name: str) -> pd.Series:
    """Return the values of a market series by column of the months."""
    own = bank.table("market").execute().query("series == @name")
    month = pd.to_datetime(own["month"])
    at = (month.dt.year - rows.months.opens.year) * 12 + month.dt.month - rows.months.opens.month
    return pd.Series(own["value"].astype(float).to_numpy(), index=at.to_numpy())


def _held(bank: Bank, rows: NeedRows, column: int) -> np.ndarray:
    """Return who holds which product (n, p) at a landmark."""
    month = pd.Timestamp(rows.months.month(column))
    own = bank.table("holdings").select("client_id", "product_id", "month").execute()
    own = own[pd.to_datetime(own["month"]).dt.to_period("M") == month.to_period("M")]
    found = np.zeros((len(rows.months.client_id), len(rows.products.codes)), dtype=bool)
    who = pd.Index(rows.months.client_id).get_indexer(own["client_id"])
    what = pd.Index(rows.products.codes).get_indexer(own["product_id"].astype(str))
    ok = (who >= 0) & (what >= 0)
    found[who[ok], what[ok]] = True
    return found
