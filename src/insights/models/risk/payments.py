"""Payments as the engine screens them: what is unusual about each, and how many are unusual in the same way.

Everything is worked out by windows and sums in the engine, and only from what was there by the end of the day of the
payment. What leaves the engine are cells: payments that are unusual in the same way, counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd
from ibis.backends import BaseBackend

from insights.data.settings_risk import FraudSection

NEEDS = ("transactions.client_id", "transactions.booked_on", "transactions.kind", "transactions.amount")
FEATURES = ("times", "size", "new_payee", "gathering", "week", "new_channel", "known")
"""What is unusual about a payment: how many times the client's usual amount it is (steps of 0.25 of the logarithm), its
size (steps of 0.5), whether he pays this payee for the first time, how many other clients began to pay the payee in
the 90 days before he did, how many payments he made in seven days, whether by a channel that is new for him, and
whether the payee was known for fraud by then."""
EARLY, BETWEEN, TEST, LATE = "early", "between", "test", "late"
"""Days of payments: whose labels were known when the test begins, not yet then, the test, too late to judge."""
GATHER_DAYS, WEEK_DAYS = 90, 7
MOST = {"gathering": 5, "week": 6}
RULES = ("payee_known", "payee_gathers", "large_new_payee", "burst")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Days:
    """The days of a trial, in days since 1970: ``known`` < ``begins`` <= ``ends`` <= ``today``.

    Payments up to ``known`` have labels by ``begins``, those of the test have them by ``today``.
    """

    known: int
    begins: int
    ends: int
    today: int


@dataclass(frozen=True)
class Cells:
    """Payments that are unusual in the same way, counted by period.

    ``rows``: ``FEATURES``, period, cell (its number, the same for all periods), n, fraud and cleared (labelled so by
    today), fraud_then (labelled by the beginning of the test), amount (the sum, currency units). ``table`` is the
    screened payments in the engine, one row each with ``cell``.
    """

    rows: pd.DataFrame = field(repr=False)
    table: ir.Table = field(repr=False)

    def of(self, *periods: str) -> pd.DataFrame:
        """Return the rows of these periods."""
        return self.rows[self.rows["period"].isin(periods)]


def days_since(day: date) -> int:
    """Return days since 1970."""
    return (day - _EPOCH).days


def screened(con: BaseBackend, bookings: ir.Table, rules: FraudSection, days: Days) -> Cells:
    """Screen bookings in the engine; they have the columns of ``NEEDS`` and transactions_id.

    counterparty, channel, label and labelled_on may be lacking: what rests on them is then never unusual. The screened
    payments stay in the engine as a temporary table.
    """
    t = con.create_table("risk_payments", _payments(bookings, rules), temp=True)
    t = t.mutate(usual=_before(t, t.size.mean()), past=_before(t, t.count()), week=_week(t))
    payee, channel, known = _payees(t), _channels(t), _known(t, rules)
    t = t.left_join(payee, ["client_id", "counterparty"]).drop("client_id_right", "counterparty_right")
    t = t.left_join(channel, ["client_id", "channel"]).drop("client_id_right", "channel_right")
    t = t.left_join(known, "counterparty").drop("counterparty_right")
    fresh = (t.day - t.payee_from) < GATHER_DAYS
    marked = t.select(
        "transactions_id",
        "client_id",
        "day",
        "amount",
        "counterparty",
        "label",
        "labelled",
        times=ibis.coalesce(((t.size - t.usual) / 0.25).round().clip(-4, 16), 0).cast("int16"),
        size=(t.size / 0.5).round().clip(0, 40).cast("int16"),
        new_payee=((t.payee_from == t.day) & (t.past > 0)).fill_null(False).cast("int16"),
        gathering=ibis.ifelse(fresh, t.gathering, 0).fill_null(0).cast("int16"),
        week=t.week.clip(upper=MOST["week"]).cast("int16"),
        new_channel=((t.channel_from == t.day) & (t.past > 0)).fill_null(False).cast("int16"),
        known=(t.known_from < t.day).fill_null(False).cast("int16"),
    )
    made = con.create_table("risk_screened", marked, temp=True)
    con.drop_table("risk_payments")
    return Cells(_counted(made, rules, days), made)


def rules_of(cells: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Return by rule which of the cells (n) it strikes.

    A payee known for fraud; one whom at least two other clients began to pay in the same 90 days, mostly new ones; a
    first payment to a payee of more than four times the usual amount; the fifth payment within seven days, or more.
    """
    times, gathering = cells["times"].to_numpy(), cells["gathering"].to_numpy()
    return {
        "payee_known": cells["known"].to_numpy() > 0,
        "payee_gathers": gathering >= 2,
        "large_new_payee": (cells["new_payee"].to_numpy() > 0) & (times > np.log(4) / 0.25),
        "burst": cells["week"].to_numpy() >= 5,
    }


def payments_of(cells: Cells, chosen: npt.NDArray[np.int64], first: int, last: int) -> pd.DataFrame:
    """Return the payments (transactions_id, client_id, day, amount, counterparty, label, labelled, and ``FEATURES``).

    Those of the cells ``chosen`` (numbers) booked from day ``first`` to ``last``, in the order of day and id.
    """
    return _chosen(cells, chosen, first, last).order_by("day", "transactions_id").execute()


def clients_of(cells: Cells, chosen: npt.NDArray[np.int64], first: int, last: int) -> int:
    """Return how many clients made the payments that ``payments_of`` returns."""
    return int(_chosen(cells, chosen, first, last).client_id.nunique().execute())


def drawn(cells: Cells, share: float, first: int, last: int) -> pd.DataFrame:
    """Return the payments of these days that a fixed lot draws, each with the chance ``share``.

    The lot hangs on the pseudonym of the booking alone, so the same payments are drawn whenever one looks.
    """
    t = cells.table
    lot = t.transactions_id.hexdigest("md5").substr(0, 6)
    found = t.filter(t.day >= first, t.day <= last, lot < f"{round(share * 16**6):06x}")
    return found.order_by("day", "transactions_id").execute()


def _chosen(cells: Cells, chosen: npt.NDArray[np.int64], first: int, last: int) -> ir.Table:
    keys = cells.rows.loc[cells.rows["cell"].isin(chosen), list(FEATURES)].drop_duplicates()
    t = cells.table.filter(cells.table.day >= first, cells.table.day <= last)
    return t.semi_join(ibis.memtable(keys.astype("int16")), list(FEATURES)) if len(keys) else t.limit(0)


def _payments(bookings: ir.Table, rules: FraudSection) -> ir.Table:
    t = bookings.filter(bookings.kind.isin(rules.kinds), bookings.amount < 0)

    def column(name: str, kind: str = "string") -> ir.Value:
        return t[name] if name in t.columns else ibis.null(kind)

    paid = (-t.amount).cast("float64")
    labelled = column("labelled_on", "date")
    return t.select(
        "transactions_id",
        "client_id",
        day=_day(t.booked_on),
        amount=paid,
        size=ibis.greatest(paid, 0.01).log(),
        counterparty=column("counterparty"),
        channel=column("channel"),
        label=column("label"),
        labelled=_day(labelled.cast("date")),
    )


def _day(value: ir.Value) -> ir.IntegerValue:
    return value.cast("timestamp").epoch_seconds().cast("int64").floordiv(86_400).cast("int32")


def _before(t: ir.Table, value: ir.Value) -> ir.Value:
    """Return an aggregate over the client's payments of earlier days."""
    return value.over(ibis.range_window(preceding=(None, 1), group_by="client_id", order_by="day"))


def _week(t: ir.Table) -> ir.Value:
    return t.count().over(ibis.range_window(preceding=WEEK_DAYS - 1, following=0, group_by="client_id", order_by="day"))


def _payees(t: ir.Table) -> ir.Table:
    """Return by client and payee the first day, and how many other clients began to pay the payee about then.

    A payee who has had most of his payers for longer is a shop, and gathers nobody.
    """
    told = t.filter(t.counterparty.notnull())
    pairs = told.group_by("client_id", "counterparty").agg(payee_from=told.day.min())
    lately = ibis.range_window(preceding=GATHER_DAYS - 1, following=0, group_by="counterparty", order_by="payee_from")
    ever = ibis.range_window(preceding=(None, 0), group_by="counterparty", order_by="payee_from")
    pairs = pairs.mutate(new=pairs.count().over(lately), every=pairs.count().over(ever))
    others = ibis.ifelse(2 * pairs.new >= pairs.every, pairs.new - 1, 0)
    return pairs.select("client_id", "counterparty", "payee_from", gathering=others.clip(upper=MOST["gathering"]))


def _channels(t: ir.Table) -> ir.Table:
    told = t.filter(t.channel.notnull())
    return told.group_by("client_id", "channel").agg(channel_from=told.day.min())


def _known(t: ir.Table, rules: FraudSection) -> ir.Table:
    """Return by payee the day from which he was known for fraud."""
    told = t.filter(t.label.isin(rules.fraud), t.counterparty.notnull(), t.labelled.notnull())
    return told.group_by("counterparty").agg(known_from=told.labelled.min())


def _counted(t: ir.Table, rules: FraudSection, days: Days) -> pd.DataFrame:
    period = ibis.cases(
        (t.day <= days.known, EARLY), (t.day < days.begins, BETWEEN), (t.day <= days.ends, TEST), else_=LATE
    )
    t = t.mutate(period=period)
    stolen, cleared = t.label.isin(rules.fraud).fill_null(False), t.label.isin(rules.cleared).fill_null(False)
    rows = (
        t.group_by(*FEATURES, "period")
        .agg(
            n=t.count(),
            fraud=stolen.sum(),
            cleared=cleared.sum(),
            fraud_then=(stolen & (t.labelled < days.begins)).fill_null(False).sum(),
            amount=(t.amount * 100).round().cast("int64").sum().cast("float64") / 100,  # exact in any order
        )
        .execute()
    )
    rows = rows.sort_values([*FEATURES, "period"], ignore_index=True)
    names: Sequence[str] = list(FEATURES)
    return rows.assign(cell=rows.groupby(names, sort=True).ngroup()).astype({"n": "int64", "fraud": "int64"})
