"""The bookings of a stream as the bank knows them: whose they are, how long each client was watched, what is left out.

A client's stream begins with his first booking of the kind. Leaving the bank ends the watching and says nothing of the
stream itself; a client who comes back is a new one. What is owed under a contract is no stream: nobody has to guess
whether it goes on. Only streams known from their beginning are used: how long ago a first booking was is half of what
a model knows of a client.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from insights.data.panel import spells
from insights.data.settings_streams import StreamSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.stats.inputs import Floats

NEEDS = ("transactions.kind", "transactions.amount", "transactions.booked_on")
FRAUD = "fraud"


@dataclass(frozen=True)
class StreamLog:
    """The bookings of one stream.

    ``days``: one row per relationship and day with an ordinary booking: unit (client and spell), client_id, day,
    amount (sum, above or equal to 0). ``units``, by unit: client_id, spell, joined_on, left_on. ``start`` is the first
    day on record of any booking. Left out: ``frauds`` (bookings found not to be the client's), ``refunds`` (bookings
    the other way; ``refunded`` is their sum, positive, and ``refund_share`` what they are of the ordinary ones of the
    same clients), and clients whose stream may have begun before the record: ``early`` is the turnover of each,
    ``early_share`` what it is of all. ``closures`` says whether the bank sees clients leave.
    """

    days: pd.DataFrame
    units: pd.DataFrame
    start: date
    frauds: int
    refunds: int
    refunded: float
    refund_share: float
    early: Floats
    early_share: float
    closures: bool


def stream_log(bank: Bank, name: str) -> StreamLog | None:
    """Return the bookings of the stream of that name in the settings, or None where there is none; needs ``NEEDS``."""
    return once(bank, ("stream_log", name), lambda: _made(bank, bank.settings.value.streams[name]))


def closures_seen(bank: Bank) -> bool:
    """Whether the end of a relationship is observed: only then is a client's life a matter of survival."""
    return bank.has("clients", "left_on") or bank.has("relationships", "left_on")


def _made(bank: Bank, rules: StreamSection) -> StreamLog | None:
    bookings = bank.table("transactions")
    start = pd.Timestamp(bookings.booked_on.min().execute()).date()
    bookings = bookings.filter(bookings.kind == rules.kind)
    if rules.categories and "category" in bookings.columns:
        bookings = bookings.filter(bookings.category.isin(rules.categories))
    owed = bank.settings.value.contractual_categories
    if owed and "category" in bookings.columns:
        bookings = bookings.filter(~bookings.category.isin(owed).fill_null(False))
    rows = _of_relationships(bank, bookings)
    sign = -1 if rules.direction == "out" else 1
    amount = sign * rows.amount.cast("float64")
    stolen = (rows.label == FRAUD).fill_null(False) if "label" in rows.columns else ibis.literal(False)
    rows = rows.mutate(money=amount, stolen=stolen)
    days = rows.group_by("client_id", "spell", "joined_on", "left_on", day="booked_on").agg(
        amount=rows.money.sum(where=~rows.stolen & (rows.money >= 0)),
        bookings=(~rows.stolen & (rows.money >= 0)).sum(),
        frauds=rows.stolen.sum(),
        refunds=(~rows.stolen & (rows.money < 0)).sum(),
        refunded=-rows.money.sum(where=~rows.stolen & (rows.money < 0)),
    )
    found = days.order_by("client_id", "spell", "day").execute()
    if not (found["bookings"] > 0).any():
        return None
    whole = _from_the_start(found, rules, start)
    turnover = float(found["amount"].fillna(0.0).sum())
    early = found[~whole & (found["bookings"] > 0)].groupby("client_id")["amount"].sum()
    kept = found[whole]
    ordinary = kept[kept["bookings"] > 0]
    ordinary = ordinary.assign(unit=_unit(ordinary), amount=ordinary["amount"].fillna(0.0))
    units = ordinary.drop_duplicates("unit").set_index("unit")[["client_id", "spell", "joined_on", "left_on"]]
    money, back = float(ordinary["amount"].sum()), float(kept["refunded"].fillna(0.0).sum())
    return StreamLog(
        days=ordinary[["unit", "client_id", "day", "amount"]].reset_index(drop=True),
        units=units,
        start=start,
        frauds=int(found["frauds"].sum()),
        refunds=int(kept["refunds"].sum()),
        refunded=back,
        refund_share=min(back / money, 1.0) if money > 0 else 0.0,
        early=early.to_numpy(dtype=float),
        early_share=float(early.sum() / turnover) if turnover > 0 else 0.0,
        closures=closures_seen(bank),
    )


def _of_relationships(bank: Bank, bookings: ir.Table) -> ir.Table:
    """Return the bookings with the relationship in which they were made; what lies outside of any is left out."""
    told = spells(bank).select("client_id", "spell", "joined_on", "left_on")
    rows = bookings.inner_join(told, "client_id")
    return rows.filter((rows.booked_on >= rows.joined_on) & (rows.left_on.isnull() | (rows.booked_on <= rows.left_on)))


def _from_the_start(rows: pd.DataFrame, rules: StreamSection, start: date) -> "pd.Series[bool]":
    """Return which rows belong to streams that cannot have begun before the record."""
    opened = rules.opened_on is not None and rules.opened_on >= start
    return (pd.to_datetime(rows["joined_on"]) >= pd.Timestamp(start)) | opened


def _unit(rows: pd.DataFrame) -> "pd.Series[str]":
    return rows["client_id"].astype(str) + "/" + rows["spell"].astype(int).astype(str)
