"""What each client brought in, month by month: income less the costs of serving him, of credit risk and of capital.

Expected credit loss is charged like a premium: while a loan performs, a month costs a twelfth of PD x LGD x EAD; once
it has defaulted nothing more is charged, for the premiums stand for that loss. EAD is the amount drawn. Capital is held
against loans and, for operational risk, against income (a share of a year's income, as in the basic indicator approach
of Basel II); its cost is charged monthly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.snapshot import Bank
from insights.models.cache import once

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MARGIN, ASSETS = "margin", "assets"
INCOME = ("fee", "interest_margin", "transaction_income")
COSTS = ("cost_to_serve", "credit_loss", "capital")
OTHER = "other"
"""Kinds of revenue of the bank's own, together."""

NEEDS = ("revenue.amount", "revenue.month")
ENOUGH_DEFAULTS = 10


@dataclass(frozen=True)
class Months:
    """Clients (n rows) by calendar months (T columns; column 0 is ``opens``).

    ``client_id`` (n), sorted. ``joined`` and ``left`` (n): the columns of joining (negative before ``opens``) and of
    leaving (T where the client is in force). ``rm_id`` (n) is the manager known last, None where there is none.
    """

    client_id: npt.NDArray[np.object_]
    rm_id: npt.NDArray[np.object_]
    joined: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    opens: date
    count: int

    def month(self, column: int) -> date:
        """Return the first day of the month of a column."""
        return add_months(self.opens, column)

    def column(self, day: date) -> int:
        """Return the column of the month of a day; it may lie outside of the matrices."""
        return (day.year - self.opens.year) * 12 + day.month - self.opens.month

    @property
    def in_force(self) -> Bools:
        """Who is a client at the as-of date (n)."""
        return self.left >= self.count


@dataclass(frozen=True)
class ClientMargins:
    """What clients brought in, in the reporting currency, with the bank's sign: costs are negative.

    ``components`` (each n x T) by name, of those that the bank's data give: fee, interest_margin, transaction_income,
    other, cost_to_serve, credit_loss (expected), capital (its cost); 0 where there is nothing. ``assets`` (n, T) at
    month end, ``drawn`` (n, T) on loans. ``basis`` is "margin", or "assets" for a bank without revenue: there are no
    components then, and value can only be told in assets. ``default_rate`` is the probability of default in a year that
    was used, and ``defaults`` the number it rests on (0: that of the settings).
    """

    months: Months
    components: Mapping[str, Floats]
    assets: Floats
    drawn: Floats
    basis: str
    default_rate: float
    defaults: int

    @property
    def margin(self) -> Floats:
        """The sum of all components (n, T); zeros for a bank without revenue."""
        return sum(self.components.values(), np.zeros_like(self.assets))

    def over(self, name: str, first: int, last: int) -> Floats:
        """Return a component, or "margin", of each client (n) summed over the columns first to last, both included."""
        found = self.margin if name == MARGIN else self.components[name]
        return np.asarray(found[:, max(first, 0) : last + 1].sum(axis=1))

    def average_assets(self, first: int, last: int) -> Floats:
        """Return each client's assets (n), averaged over the columns first to last; 0 in months he was not there."""
        return np.asarray(self.assets[:, max(first, 0) : last + 1].mean(axis=1))

    def value(self, last: int | None = None, months: int = 12) -> Floats:
        """Return what each client (n) was worth in the ``months`` up to a column (default: the last one).

        The margin of these months, or the average assets for a bank without revenue.
        """
        last = self.months.count - 1 if last is None else last
        first = last - months + 1
        return self.over(MARGIN, first, last) if self.basis == MARGIN else self.average_assets(first, last)


def client_margins(bank: Bank) -> ClientMargins | None:
    """Return the margins of all clients, made once per bank; None where neither revenue nor balances are delivered.

    Months run from the opening of the window, or the first month of revenue (balances) if that is later, to the month
    of the as-of date or the last one delivered. All is as known by the as-of date.
    """
    return once(bank, "client_margins", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> ClientMargins | None:
    basis = ASSETS if bank.needs(*NEEDS) else MARGIN
    if basis == ASSETS and bank.needs("balances.amount", "balances.month"):
        return None
    months = _months(bank, "revenue" if basis == MARGIN else "balances")
    nothing = np.zeros((len(months.client_id), months.count))
    components = _revenue(bank, months) if basis == MARGIN else {}
    assets = nothing
    if not bank.needs("balances.amount", "balances.month"):
        balances = bank.table("balances")
        assets = _matrices(bank, months, balances, {ASSETS: balances.amount.sum()}).get(ASSETS, nothing)
    drawn, loss, rate, defaults = nothing, None, bank.settings.value.default_probability, 0
    if not bank.needs("loans.drawn", "loans.month"):
        drawn, loss, rate, defaults = _loans(bank, months)
    if basis == MARGIN:
        if loss is not None:
            components["credit_loss"] = loss
        components["capital"] = _capital(bank, components, drawn)
    return ClientMargins(months, components, assets, drawn, basis, rate, defaults)


def _months(bank: Bank, table: str) -> Months:
    """Return the clients, and the months that the table covers within the window."""
    told = bank.table(table)
    span = told.agg(first=told.month.min(), last=told.month.max()).execute().iloc[0]
    opens = first_of_month(pd.Timestamp(span["first"]).date())
    if bank.window_from is not None:
        opens = max(opens, first_of_month(bank.window_from))
    last = min(pd.Timestamp(span["last"]).date(), bank.as_of)
    count = max((last.year - opens.year) * 12 + last.month - opens.month + 1, 1)
    clients = bank.table("clients")
    columns = [c for c in ("client_id", "joined_on", "left_on", "rm_id") if c in clients.columns]
    frame = clients.select(*columns).order_by("client_id").execute()
    joined = _columns(frame["joined_on"], opens)
    gone = frame["left_on"].notna().to_numpy() if "left_on" in frame else np.zeros(len(frame), dtype=bool)
    left = np.full(len(frame), count, dtype=np.int64)
    if gone.any():
        left[gone] = np.minimum(_columns(frame["left_on"][gone], opens), count - 1)
    manager = frame["rm_id"].where(frame["rm_id"].notna(), None) if "rm_id" in frame else pd.Series([None] * len(frame))
    return Months(frame["client_id"].to_numpy(object), manager.to_numpy(object), joined, left, opens, count)


def _columns(days: pd.Series, opens: date) -> npt.NDArray[np.int64]:
    days = pd.to_datetime(days)
    return np.asarray((days.dt.year - opens.year) * 12 + (days.dt.month - opens.month), dtype=np.int64)


def _revenue(bank: Bank, months: Months) -> dict[str, Floats]:
    """Return the revenue of every kind that the bank delivers; the bank's own kinds together."""
    table = bank.table("revenue")
    known = (*INCOME, "cost_to_serve")
    of_kind = {kind: table.kind == kind for kind in INCOME}
    of_kind |= {OTHER: table.kind.notin(known), "cost_to_serve": table.kind == "cost_to_serve"}
    return _matrices(bank, months, table, {kind: table.amount.sum(where=own) for kind, own in of_kind.items()})


def _matrices(bank: Bank, months: Months, rows: ir.Table, sums: Mapping[str, ir.Value]) -> dict[str, Floats]:
    """Return the sums by client and month (n, T), of those that have any row."""
    column = (rows.month.year() - months.opens.year) * 12 + rows.month.month() - months.opens.month
    by = rows.group_by("client_id", column=column.cast("int64")).agg(
        **{name: value.cast("float64") for name, value in sums.items()}
    )
    read = bank.con.to_pyarrow(by.filter((by["column"] >= 0) & (by["column"] < months.count)))
    row = pd.Index(months.client_id).get_indexer(read["client_id"].to_pandas())
    place = read["column"].to_numpy()
    found: dict[str, Floats] = {}
    for name in sums:
        values = read[name].to_numpy()
        told = ~np.isnan(values)
        if told.any():
            inside = told & (row >= 0)
            found[name] = np.zeros((len(months.client_id), months.count))
            found[name][row[inside], place[inside]] = values[inside]
    return found


def _loans(bank: Bank, months: Months) -> tuple[Floats, Floats, float, int]:
    """Return what is drawn and the expected loss (n, T each), the rate of default in a year and what it rests on."""
    rules, table = bank.settings.value, bank.table("loans")
    covers = [c for c in ("collateral_value", "guarantee_value", "insured_value") if c in table.columns]
    fields = ["client_id", "month", "drawn", *covers, *([c] if (c := "defaulted_on") in table.columns else [])]
    # As floats from the engine: a column of decimals would come as a Python object for each row.
    floats = {c: table[c].cast("float64") for c in ("drawn", *covers)}
    rows = table.select(*fields).mutate(**floats).order_by("client_id", "month").execute()
    rows["defaulted_on"] = pd.to_datetime(rows["defaulted_on"]) if "defaulted_on" in rows else pd.NaT
    month = pd.to_datetime(rows["month"]).dt.to_period("M")
    performing = (rows["defaulted_on"].isna() | (rows["defaulted_on"].dt.to_period("M") > month)).to_numpy()
    defaults = int(rows.loc[rows["defaulted_on"].notna(), ["client_id", "defaulted_on"]].drop_duplicates().shape[0])
    rate = rules.default_probability
    if defaults >= ENOUGH_DEFAULTS and performing.sum():
        rate = min(12 * defaults / int(performing.sum()), 1.0)
    else:
        defaults = 0
    drawn = rows["drawn"].to_numpy(float)
    covered = np.minimum(sum((rows[c].fillna(0).to_numpy(float) for c in covers), np.zeros(len(rows))), drawn)
    severity = rules.loss_given_default * (drawn - covered) + rules.loss_given_default_covered * covered
    loss = np.where(performing, -rate / 12 * severity, 0.0)
    at = pd.Index(months.client_id).get_indexer(rows["client_id"])
    column = _columns(rows["month"], months.opens)
    inside = (at >= 0) & (column >= 0) & (column < months.count)
    shape = (len(months.client_id), months.count)
    found = np.zeros(shape), np.zeros(shape)
    for matrix, values in zip(found, (drawn, loss), strict=True):
        matrix[at[inside], column[inside]] = values[inside]
    return (*found, rate, defaults)


def _capital(bank: Bank, components: Mapping[str, Floats], drawn: Floats) -> Floats:
    rules = bank.settings.value
    income = sum((components[name] for name in (*INCOME, OTHER) if name in components), np.zeros_like(drawn))
    monthly = rules.capital_per_loan * drawn / 12 + rules.capital_per_income * np.maximum(income, 0.0)
    return np.asarray(-rules.cost_of_capital_rate * monthly)
