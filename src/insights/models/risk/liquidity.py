"""What clients may take out of their deposits, what the bank could pay them from, and for how long that lasts."""

from dataclasses import dataclass, field

import ibis
import numpy as np
import pandas as pd

from insights.data.months import month_of
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.households import household_of
from insights.models.risk.clients import in_force
from insights.models.risk.loans import NEEDS as LOANS
from insights.models.risk.loans import loans
from insights.stats.historical import Tail
from insights.stats.inputs import Floats
from insights.stats.monitoring import Monitored, design_ewma, monitor
from insights.stats.path_tails import path_tails
from insights.stats.results import Estimate, NotEstimable

NEEDS = ("balances.amount", "balances.month", "balances.category")
OWN_NEEDS = ("bank_positions.item", "bank_positions.amount", "bank_positions.month")
LADDER_NEEDS = ("holdings.amount", "holdings.month", "products.liquidity_days")
AHEAD = (1, 3, 12)
CHANCE = 0.05
"""Of a month, a quarter or a year: one in twenty."""
BASELINE, SMOOTHING, SHIFT = 24, 0.15, 1.0
"""Months that show what is normal, and the chart: made to find a shift of one standard deviation soonest."""
TOP = 10
DAYS_PER_MONTH = 365.25 / 12
USUAL, TIGHT, RUN = "usual", "tight", "run"
STEPS = ((0, "at once"), (7, "within a week"), (31, "within a month"), (366, "within a year"))
LATER, UNKNOWN = "later", "not recorded"
SEED = 21


@dataclass(frozen=True)
class Cover:
    """One case: what there is, what goes at once and in each month after (currency), and how many days that lasts."""

    assets: float
    at_once: float
    a_month: Estimate
    days: Estimate


@dataclass(frozen=True)
class Liquidity:
    """Deposits, what may be taken out of them, and what there is to pay it from.

    ``total`` by calendar month (index: year * 12 + month - 1): deposits; ``changes``: their relative change, and
    ``taken``: what was taken out by those who took out, by the deposits a month before. ``clients``: client_id,
    household, amount of deposits at the end of the last month. ``tails``: falls of deposits by months ahead, as shares;
    ``gross``: what may be taken out in a month while nothing comes in. ``items``: item, amount, before (a year ago);
    ``covers`` by case, or why there are none; ``undrawn`` by borrower (n). ``ladder``: client_id, household, within,
    amount of all assets by how soon they are money; None where the bank does not tell. ``watch``: the chart of
    ``changes`` after the first two years; ``alarms``: its months.
    """

    total: pd.Series = field(repr=False)
    changes: pd.Series = field(repr=False)
    taken: pd.Series = field(repr=False)
    clients: pd.DataFrame = field(repr=False)
    tails: dict[int, Tail] | NotEstimable
    gross: Tail | NotEstimable
    items: pd.DataFrame | None = field(repr=False)
    covers: dict[str, Cover] | NotEstimable
    undrawn: Floats = field(repr=False)
    ladder: pd.DataFrame | None = field(repr=False)
    watch: Monitored | NotEstimable
    alarms: tuple[int, ...]

    @property
    def deposits(self) -> float:
        """Deposits at the end of the last month."""
        return float(self.total.iloc[-1])

    @property
    def largest(self) -> Floats:
        """The deposits of the ten clients with the largest."""
        return np.sort(self.clients["amount"].to_numpy(float))[::-1][:TOP]


def liquidity(bank: Bank) -> Liquidity | NotEstimable:
    """Return what may be taken out and what there is to pay it from, made once per bank; check ``NEEDS`` first.

    NotEstimable where nobody has deposits.
    """
    return once(bank, "risk_liquidity", lambda: _made(bank))


def _made(bank: Bank) -> Liquidity | NotEstimable:
    rules = bank.settings.risk.liquidity
    total, taken = _months(bank)
    if total.empty or not total.iloc[-1] > 0:
        return NotEstimable("nobody has deposits")
    last = int(total.index[-1])
    clients = _deposits(bank, last)
    changes = (total / total.shift(1) - 1).dropna()
    rng = np.random.default_rng(SEED)
    tails = path_tails(changes.to_numpy(), AHEAD, chance=CHANCE, rng=rng)
    out = path_tails(-taken.to_numpy(), (1,), chance=CHANCE, rng=rng)
    gross = out if isinstance(out, NotEstimable) else out[1]
    items = _items(bank)
    undrawn = _undrawn(bank)
    covers: dict[str, Cover] | NotEstimable
    if isinstance(tails, NotEstimable) or isinstance(gross, NotEstimable):
        assert isinstance(tails, NotEstimable), "both are as long"
        covers = tails
    elif items is None or not set(items["item"]) & set(rules.liquid):
        covers = NotEstimable("no item of the bank's positions is named as liquid")
    else:
        value = dict(zip(items["item"], items["amount"], strict=True))
        deposits = float(total.iloc[-1])
        calm = sum(value[name] for name in rules.liquid if name in value)
        tight = sum(value[name] * (1 - off) for name, off in rules.liquid.items() if name in value)
        top = float(np.sort(clients["amount"].to_numpy(float))[::-1][:TOP].sum())
        leaves = top + rules.called * float(undrawn.sum())
        covers = {
            USUAL: covered(calm, 0.0, tails[1].limit, deposits),
            TIGHT: covered(tight, 0.0, gross.limit, deposits),
            RUN: covered(tight, leaves, gross.limit, deposits - top),
        }
    watch, alarms = _watched(changes, bank.settings.risk.false_alarm_months)
    return Liquidity(
        total, changes, taken, clients, tails, gross, items, covers, undrawn, _ladder(bank, clients), watch, alarms
    )


def covered(assets: float, at_once: float, share: Estimate, deposits: float) -> Cover:
    """Return for how many days ``assets`` last if so much goes at once and a share of ``deposits`` in every month.

    The same amount goes every month: the share of what was there at first. Days without end are infinite.
    """
    ends = [share.value * deposits, share.low * deposits, share.high * deposits]
    left = max(assets - at_once, 0.0)
    value, most, least = (DAYS_PER_MONTH * left / x if x > 0 else float("inf") for x in ends)
    month = Estimate(ends[0], ends[1], ends[2], "money", share.n, None, share.level)
    return Cover(assets, at_once, month, Estimate(value, least, most, "days", share.n, None, share.level))


def _months(bank: Bank) -> tuple[pd.Series, pd.Series]:
    """Return deposits by month, and what was taken out in a month by the deposits of the month before.

    Taken out is the fall of a client's deposits from one month's end to the next; of who left, all that he had.
    """
    table = bank.table("balances")
    own = table.filter(table.category.isin(list(bank.settings.risk.liquidity.deposits)))
    number = own.month.year() * 12 + own.month.month() - 1
    # In whole cents: sums of floating numbers would depend on the order in which the engine adds them.
    rows = own.group_by("client_id", month=number).agg(amount=(own.amount.sum() * 100).round().cast("int64"))
    rows = rows.mutate(amount=ibis.greatest(rows.amount, 0))
    after = ibis.window(group_by="client_id", order_by="month")
    rows = rows.mutate(_next=rows.amount.lead().over(after), _month=rows.month.lead().over(after))
    kept = (rows["_month"] == rows.month + 1).ifelse(rows["_next"], 0)
    rows = rows.mutate(taken=ibis.greatest(rows.amount - ibis.coalesce(kept, 0), 0))
    cents = {name: rows[name].sum().cast("float64") for name in ("amount", "taken")}
    sums = rows.group_by("month").agg(**cents).execute().set_index("month").sort_index() / 100
    if sums.empty:
        return pd.Series(dtype=float), pd.Series(dtype=float)
    if bank.window_from is not None:  # before it those who left are missing
        sums = sums[sums.index >= bank.window_from.year * 12 + bank.window_from.month - 1]
    # A month without any balance is not one without deposits: the record begins anew after it.
    breaks = np.flatnonzero(np.diff(sums.index.to_numpy()) > 1)
    sums = sums.iloc[breaks[-1] + 1 if len(breaks) else 0 :]
    taken = (sums["taken"] / sums["amount"]).iloc[:-1]
    taken.index = taken.index + 1
    return sums["amount"], taken


def _deposits(bank: Bank, last: int) -> pd.DataFrame:
    table = bank.table("balances")
    own = table.filter(
        table.category.isin(list(bank.settings.risk.liquidity.deposits)),
        table.month.year() * 12 + table.month.month() - 1 == last,
    )
    rows = own.group_by("client_id").agg(amount=own.amount.sum().cast("float64")).order_by("client_id").execute()
    rows = rows[rows["amount"] > 0].reset_index(drop=True)
    return rows.assign(household=household_of(bank, rows["client_id"]))


def _items(bank: Bank) -> pd.DataFrame | None:
    if bank.needs(*OWN_NEEDS):
        return None
    table = bank.table("bank_positions")
    number = table.month.year() * 12 + table.month.month() - 1
    rows = table.group_by("item", month=number).agg(amount=table.amount.sum().cast("float64")).execute()
    if rows.empty:
        return None
    wide = rows.pivot_table(index="item", columns="month", values="amount").sort_index()
    last = wide.columns.max()
    before = wide[last - 12] if last - 12 in wide else pd.Series(np.nan, index=wide.index)
    told = pd.DataFrame({"item": wide.index.astype(str), "amount": wide[last].to_numpy(), "before": before.to_numpy()})
    return told[told["amount"].notna()].reset_index(drop=True)


def _undrawn(bank: Bank) -> Floats:
    if bank.needs(*LOANS, "loans.limit"):
        return np.zeros(0)
    last = loans(bank).last
    table = bank.table("loans")
    rows = table.filter(table.month.year() * 12 + table.month.month() - 1 == last)
    left = rows.select(left=rows["limit"].cast("float64") - rows.drawn.cast("float64")).execute()["left"]
    return np.sort(np.maximum(left.fillna(0.0).to_numpy(float), 0.0))


def _ladder(bank: Bank, clients: pd.DataFrame) -> pd.DataFrame | None:
    """Return client_id, household, within, amount: deposits at once, products by how many days a sale takes."""
    if bank.needs(*LADDER_NEEDS):
        return None
    table, products = bank.table("holdings"), bank.table("products")
    last = table.filter(table.month <= bank.as_of).month.max().execute()
    if pd.isna(last):
        return None
    held = table.filter(month_of(table.month) == pd.Timestamp(last).date().replace(day=1))
    days = products.select("product_id", days=products.liquidity_days)
    told = held.left_join(days, "product_id").select("client_id", "days", amount=held.amount.cast("float64"))
    rows = told.order_by("client_id", "days", "amount").execute()
    rows = rows[(rows["amount"] > 0) & rows["client_id"].isin(in_force(bank)["client_id"])]
    limits, names = [d for d, _ in STEPS], [name for _, name in STEPS]
    place = np.searchsorted(limits, rows["days"].fillna(0.0).to_numpy(float))
    within = np.where(rows["days"].isna(), UNKNOWN, np.array([*names, LATER], dtype=object)[place])
    parts = [rows.assign(within=within), clients.assign(within=names[0])]
    told = pd.concat([part[["client_id", "within", "amount"]] for part in parts], ignore_index=True)
    sums = told.groupby(["client_id", "within"], as_index=False, sort=True)["amount"].sum()
    return sums.assign(household=household_of(bank, sums["client_id"]))


def _watched(changes: pd.Series, every: int) -> tuple[Monitored | NotEstimable, tuple[int, ...]]:
    """Return the chart of the changes after the first two years, and the months with an alarm."""
    if len(changes) <= BASELINE:
        return NotEstimable(f"{len(changes)} months of changes; more than {BASELINE} are needed"), ()
    chart = design_ewma(float(every), SHIFT, "down", SMOOTHING)
    found = monitor(changes.to_numpy(), chart, baseline=BASELINE, time=changes.index.to_numpy())
    if isinstance(found, NotEstimable):
        return found, ()
    return found, tuple(int(t) for t in found.table.loc[found.table["alarm"], "time"])
