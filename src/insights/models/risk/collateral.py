"""Collateral under the scenarios for markets: a pledged portfolio is the client's own, and loses what his does."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.credit import credit
from insights.models.risk.loans import DEFAULT
from insights.models.risk.market import index_returns, slopes
from insights.models.risk_taken import LARGEST, LOOK_BACK
from insights.models.value.market import PRIOR_MONTHS
from insights.stats.results import NotEstimable
from insights.stats.slopes import drawn_slopes

NEEDS = (
    "market.series",
    "market.value",
    "balances.amount",
    "balances.month",
    "balances.category",
    "balances.market_change",
)
KIND = "loans.collateral_kind"
PORTFOLIO, ELSE, UNKNOWN = "portfolio", "something else", "not recorded"
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Revalued:
    """Performing loans (n) as they would be covered in each scenario.

    ``rows``: client_id, household, drawn, collateral, kind (as the bank calls it; where it does not tell kinds,
    ``PORTFOLIO`` or ``ELSE``), own (whether it is the client's portfolio). ``falls`` and ``short`` by scenario: what
    its collateral loses (n, as a share) and what nothing covers then (n, currency), ``today`` what nothing covers now.
    ``categories``: category, clients (who hold it), then by scenario the share that it loses. ``assumed`` says that
    the bank does not tell what is pledged; ``unknown`` are scenarios that name an index that is not on record.
    """

    rows: pd.DataFrame = field(repr=False)
    today: Floats = field(repr=False)
    falls: dict[str, Floats] = field(repr=False)
    short: dict[str, Floats] = field(repr=False)
    categories: pd.DataFrame = field(repr=False)
    assumed: bool
    unknown: tuple[str, ...]


def revalued(bank: Bank) -> Revalued | NotEstimable:
    """Return the loans under the scenarios of ``[risk.market]``, made once per bank; check both ``NEEDS`` first.

    Every category of balances that is not a deposit moves with the indices as it has in the last 24 months (least
    squares); a client's pledged portfolio moves as its categories do, corrected by how his own has moved in these
    months, drawn to them where little was seen. It loses no more than all. Where the bank does not say what is pledged
    it is taken for the portfolio wherever that is worth as much, and for something that markets leave alone elsewhere.
    Other kinds lose what the settings say. NotEstimable without a scenario or an index.
    """
    return once(bank, "risk_collateral", lambda: _made(bank))


def _made(bank: Bank) -> Revalued | NotEstimable:
    scenarios = bank.settings.risk.market.scenarios
    if not scenarios:
        return NotEstimable("no scenario is set")
    months, returns, names = index_returns(bank)
    told = {name: moves for name, moves in scenarios.items() if set(moves) <= set(names)}
    if not told:
        return NotEstimable("no scenario names an index on record")
    today = credit(bank).today
    loans = today[today["state"] != DEFAULT].reset_index(drop=True)
    book = _categories(bank, months, returns)
    if isinstance(book, NotEstimable):
        return book
    beta, holders = book
    held, sensitivity = _portfolios(bank, loans["client_id"], beta, months, returns)
    recorded = "kind" in loans and loans["kind"].notna().any()
    rules = bank.settings.risk.collateral
    if recorded:
        kind = loans["kind"].fillna(UNKNOWN).astype(str).to_numpy(object)
        own = np.isin(kind, rules.portfolio)
    else:
        own = loans["collateral"].to_numpy(float) <= held
        kind = np.where(own, PORTFOLIO, ELSE).astype(object)
    drawn, collateral = loans["drawn"].to_numpy(float), loans["collateral"].to_numpy(float)
    cover = loans["guarantee"].to_numpy(float) + loans["insurance"].to_numpy(float)
    falls, categories = {}, pd.DataFrame({"category": list(beta), "clients": [holders[c] for c in beta]})
    for name, moves in told.items():
        move = np.array([moves.get(index, 0.0) for index in names])
        set_falls = rules.falls.get(name, {})
        other = np.array([set_falls.get(str(k), 0.0) for k in kind], dtype=float)
        falls[name] = np.where(own, np.minimum(-(sensitivity @ move), 1.0), other)
        categories[name] = [min(-float(slope @ move), 1.0) for slope in beta.values()]
    rows = loans[["client_id", "household", "drawn", "collateral"]].assign(kind=kind, own=own)
    return Revalued(
        rows,
        np.maximum(drawn - collateral - cover, 0.0),
        falls,
        {name: np.maximum(drawn - (1 - fall) * collateral - cover, 0.0) for name, fall in falls.items()},
        categories,
        not recorded,
        tuple(name for name in scenarios if name not in told),
    )


def _categories(bank: Bank, months: Ints, returns: Floats) -> tuple[dict[str, Floats], dict[str, int]] | NotEstimable:
    """Return by category how it moves with each index (k), and how many clients hold it in the last month."""
    table = bank.table("balances")
    t = table.filter(table.category.notin(bank.settings.risk.liquidity.deposits))
    number = t.month.year() * 12 + t.month.month() - 1
    sums = t.group_by("category", month=number).agg(
        amount=t.amount.sum().cast("float64"),
        change=t.market_change.sum().cast("float64"),
        clients=(t.amount > 0).sum(),
    )
    told = sums.execute().sort_values(["category", "month"], ignore_index=True)
    beta: dict[str, Floats] = {}
    holders: dict[str, int] = {}
    for category, own in told.groupby("category", sort=True):
        by = own.set_index("month")
        slope = slopes(returns[-LOOK_BACK:], _moved(by["amount"], by["change"], months[-LOOK_BACK:]))
        if slope is not None:
            beta[str(category)] = slope
            holders[str(category)] = int(by["clients"].get(int(told["month"].max()), 0))
    if not beta:
        return NotEstimable("fewer than twelve months of the book have returns beside those of the indices")
    return beta, holders


def _portfolios(
    bank: Bank, clients: pd.Series, beta: dict[str, Floats], months: Ints, returns: Floats
) -> tuple[Floats, Floats]:
    """Return what the clients (n) hold beside deposits in the last month, and how that moves with each index (n, k)."""
    table = bank.table("balances")
    t = table.filter(table.category.isin(list(beta)), table.client_id.isin(sorted(set(clients))))
    number = t.month.year() * 12 + t.month.month() - 1
    last = int(number.max().execute()) if len(clients) else 0
    rows = t.filter(number >= last - LOOK_BACK).select(
        "client_id",
        "category",
        month=number,
        amount=t.amount.cast("float64"),
        change=t.market_change.cast("float64"),
    )
    told = rows.execute().sort_values(["client_id", "month", "category"], ignore_index=True)
    now = told[told["month"] == last].pivot_table(index="client_id", columns="category", values="amount", aggfunc="sum")
    held = np.maximum(now.reindex(index=clients, columns=list(beta)).fillna(0.0).to_numpy(float), 0.0)
    total = held.sum(axis=1)
    mix = np.divide(held, total[:, None], out=np.full(held.shape, 1 / max(len(beta), 1)), where=total[:, None] > 0)
    expected = mix @ np.array(list(beta.values()))
    asked = np.arange(last - LOOK_BACK + 1, last + 1)
    place = np.minimum(np.searchsorted(months, asked), len(months) - 1)
    index = np.where((months[place] == asked)[:, None], returns[place], np.nan)
    sums = told.groupby(["client_id", "month"])[["amount", "change"]].sum().unstack("month")
    columns = np.arange(last - LOOK_BACK, last + 1)
    amount, change = (sums[c].reindex(index=clients, columns=columns).to_numpy(float) for c in ("amount", "change"))
    before = amount[:, :-1]
    lived = np.divide(change[:, 1:], before, out=np.full(before.shape, np.nan), where=before > 0)
    beyond = np.clip(lived, -LARGEST, LARGEST) - expected @ index.T
    return total, expected + drawn_slopes(beyond, index, np.zeros(returns.shape[1]), PRIOR_MONTHS)


def _moved(amount: pd.Series, change: pd.Series, months: Ints) -> Floats:
    """Return what markets added in each month, by the amount at the end of the one before; nan where untold."""
    before = amount.reindex(months - 1).to_numpy(float)
    gained = change.reindex(months).to_numpy(float)
    return np.divide(gained, before, out=np.full(len(months), np.nan), where=before > 0)
