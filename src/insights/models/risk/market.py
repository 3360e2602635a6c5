"""What markets may take off the clients' assets, the bank's fees and its own positions, and from whom too much."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.indices import index_levels
from insights.models.market_returns import book_returns, client_returns
from insights.models.risk_taken import LOOK_BACK, recent_returns
from insights.models.value.margins import ClientMargins, Months, client_margins
from insights.models.value.market import PRIOR_MONTHS
from insights.stats.historical import Backtest, Tail, backtest, filtered, paths, tail_loss, tails
from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable
from insights.stats.slopes import drawn_slopes

NEEDS = ("market.series", "market.value", "balances.amount", "balances.month", "balances.market_change")
ASSETS, FEES, OWN = "assets", "fees", "own"
MONTH, YEAR = 1, 12
CHANCE = 0.05
"""Of a month, or of a year: one in twenty."""
LEAST_EXPLAINED = 0.5
DRAWS = 1_000
SEED = 20


@dataclass(frozen=True)
class Market:
    """Losses by markets, in the reporting currency.

    ``indices`` (k); ``exposure`` of each position that is there (``ASSETS``, ``FEES`` of a year, ``OWN``) is what
    it gains when an index doubles, ``amount`` what it amounts to. ``tails`` by position and months ahead;
    ``alone`` by index: the loss of the assets in a year if only that index moved; ``explained``: the share of the
    monthly swings of the book that the indices explain. ``tested``: the limits of single months against what came.
    ``clients``: client_id, stated (nan without), amount, loss (in the worst of twenty years, as a share);
    ``sensitivity`` (n, k) and ``fees`` (n, of a year) are theirs, in the same order. ``stress``: the moves (k) of each
    scenario; ``unknown``: scenarios that name an index that is not on record.
    """

    indices: tuple[str, ...]
    exposure: dict[str, Floats]
    amount: dict[str, float]
    tails: dict[tuple[str, int], Tail]
    alone: dict[str, float]
    explained: float
    tested: Backtest | NotEstimable
    clients: pd.DataFrame = field(repr=False)
    sensitivity: Floats = field(repr=False)
    fees: Floats = field(repr=False)
    stress: dict[str, Floats]
    unknown: tuple[str, ...]

    def over(self, allowed: tuple[float, ...]) -> pd.DataFrame:
        """Return client_id, stated (1 to 5), amount, loss, over (flag) of the clients with a stated tolerance."""
        rows = self.clients[self.clients["stated"].notna()].reset_index(drop=True)
        stated = rows["stated"].to_numpy(np.int64)
        return rows.assign(stated=stated, over=rows["loss"].to_numpy() > np.asarray(allowed)[stated - 1])


def market(bank: Bank) -> Market | NotEstimable:
    """Return what markets may take, made once per bank; check ``NEEDS`` first.

    Filtered historical simulation of the indices, times how the book has moved with them over the last 24 months
    (least squares). NotEstimable for fewer than 36 months, or where the indices explain less than half of the swings.
    """
    return once(bank, "risk_market", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Market | NotEstimable:
    months, returns, names = index_returns(bank)
    if not names:
        return NotEstimable("no series of the market table is a price index")
    found = filtered(returns)
    if isinstance(found, NotEstimable):
        return found
    margins = client_margins(bank)
    assert margins is not None, "balances are delivered"
    book = _of_book(bank, margins, months)
    by_month = [
        slopes(returns[max(t - LOOK_BACK, 0) : t], book[max(t - LOOK_BACK, 0) : t]) for t in range(len(book) + 1)
    ]
    beta = by_month[-1]
    if beta is None:
        return NotEstimable("fewer than twelve months of the book have returns beside those of the indices")
    recent = slice(len(book) - LOOK_BACK if len(book) > LOOK_BACK else 0, len(book))
    explained = _explained(returns[recent], book[recent], beta)
    if explained < LEAST_EXPLAINED:
        return NotEstimable("the indices explain less than half of the swings of the book")
    here = margins.months.in_force & (margins.assets[:, -1] > 0)
    sensitivity = _sensitivities(recent_returns(bank), months, returns, margins.months, beta)[here]
    held = margins.assets[here, -1]
    # The book is the sum of its clients: what each is held to lose adds up to what all lose.
    total = float(held.sum())
    exposure, amount = {ASSETS: held @ sensitivity}, {ASSETS: total}
    fees = np.zeros(int(here.sum()))
    if "fee" in margins.components:
        fees = margins.over("fee", margins.months.count - YEAR, margins.months.count - 1)[here]
        exposure[FEES], amount[FEES] = fees @ sensitivity, float(fees.sum())
    own = _own(bank, names)
    if own is not None:
        exposure[OWN], amount[OWN] = own
    rng = np.random.default_rng(SEED)
    positions = list(exposure)
    rows = np.array([exposure[name] for name in positions])
    told = {
        (name, ahead): tail
        for ahead in (MONTH, YEAR)
        for name, tail in zip(positions, tails(found, rows, ahead, chance=CHANCE, rng=rng), strict=True)
    }
    year = paths(found, YEAR, rng, DRAWS)
    single = tail_loss(year, np.diag(exposure[ASSETS]), CHANCE)
    clients = bank.table("clients")
    stated = pd.Series(np.nan, index=margins.months.client_id)
    if "risk_tolerance" in clients.columns:
        known = clients.select("client_id", "risk_tolerance").execute().set_index("client_id")["risk_tolerance"]
        stated = known.reindex(margins.months.client_id).astype(float)
    frame = pd.DataFrame({"client_id": margins.months.client_id[here], "stated": stated.to_numpy()[here]})
    frame = frame.assign(amount=held, loss=tail_loss(year, sensitivity, CHANCE))
    then = np.array([np.full(len(names), np.nan) if s is None else s for s in by_month[:-1]])
    scenarios = bank.settings.risk.market.scenarios
    stress = {
        name: np.array([moves.get(index, 0.0) for index in names])
        for name, moves in scenarios.items()
        if set(moves) <= set(names)
    }
    return Market(
        names,
        exposure,
        amount,
        told,
        dict(zip(names, single.tolist(), strict=True)),
        explained,
        backtest(returns, then, book, CHANCE),
        frame,
        sensitivity,
        fees,
        stress,
        tuple(name for name in scenarios if name not in stress),
    )


def index_returns(bank: Bank) -> tuple[Ints, Floats, tuple[str, ...]]:
    """Return months (calendar months from year 0; T), returns (T, k) of the price indices, and their names."""
    wide = index_levels(bank, bank.settings.market.indices, bank.as_of)
    if wide.empty:
        return np.zeros(0, np.int64), np.zeros((0, 0)), ()
    wide = wide.reindex(np.arange(wide.index.min(), wide.index.max() + 1)).where(lambda w: w > 0)
    returns = (wide / wide.shift(1) - 1).dropna()
    return returns.index.to_numpy(np.int64), returns.to_numpy(float), tuple(str(c) for c in wide.columns)


def _of_book(bank: Bank, margins: ClientMargins, months: Ints) -> Floats:
    """Return what markets added to all assets in each month (T); nan in months that the margins do not reach."""
    own, _ = book_returns(margins.assets, client_returns(bank))
    first = margins.months.opens.year * 12 + margins.months.opens.month  # the month of the first return
    return np.asarray(pd.Series(own, index=first + np.arange(len(own))).reindex(months), dtype=float)


def slopes(returns: Floats, book: Floats) -> Floats | None:
    """Return by how much a book moves with each index (k), by least squares; None for fewer than twelve months."""
    known = np.isfinite(book)
    if known.sum() < max(YEAR, 3 * returns.shape[1]):
        return None
    x = np.column_stack([np.ones(known.sum()), returns[known]])
    return np.linalg.lstsq(x, book[known], rcond=None)[0][1:]


def _explained(returns: Floats, book: Floats, beta: Floats) -> float:
    known = np.isfinite(book)
    away = book[known] - returns[known] @ beta
    spread = float(np.var(book[known]))
    return 1 - float(np.var(away)) / spread if spread > 0 else 0.0


def _sensitivities(own: Floats, months: Ints, returns: Floats, calendar: Months, beta: Floats) -> Floats:
    """Return how each client's assets move with each index (n, k): his own least squares, drawn to the book's."""
    last = calendar.opens.year * 12 + calendar.opens.month - 1 + calendar.count - 1
    asked = np.arange(last - own.shape[1] + 1, last + 1)
    place = np.minimum(np.searchsorted(months, asked), len(months) - 1)
    there = months[place] == asked
    return drawn_slopes(own, np.where(there[:, None], returns[place], np.nan), beta, PRIOR_MONTHS)


def _own(bank: Bank, names: tuple[str, ...]) -> tuple[Floats, float] | None:
    """Return what the bank's own positions gain when an index doubles (k), and what they amount to; None without."""
    mapped = {item: index for item, index in bank.settings.risk.market.own.items() if index in names}
    if not mapped or bank.needs("bank_positions.item", "bank_positions.amount", "bank_positions.month"):
        return None
    table = bank.table("bank_positions")
    rows = table.filter(table.item.isin(list(mapped))).select("month", "item", "amount").execute()
    if rows.empty:
        return None
    rows = rows[rows["month"] == rows["month"].max()]
    found = np.zeros(len(names))
    for item, amount in zip(rows["item"], rows["amount"].astype(float), strict=True):
        found[names.index(mapped[str(item)])] += amount
    return found, float(rows["amount"].astype(float).sum())
