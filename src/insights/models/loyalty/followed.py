"""What clients did in the year after they answered: left by choice, brought or took money, bought something new."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.flows import FLOW_KINDS
from insights.data.months import month_of
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.loyalty.answers import answers

MONTHS = 12
LEFT, MONEY, SHARE, NEW = "left", "money", "share", "new_product"
OUTCOMES = (LEFT, MONEY, SHARE, NEW)
SHARE_NEEDS = ("client_history.external_wealth", "balances.amount", "balances.month")
CUT = 1.0
"""Net new money counts as at most the assets once more, or all of them: one transfer decides no mean."""


@dataclass(frozen=True)
class Followed:
    """What followed the answers.

    ``rows`` has the index of ``SurveyAnswers.answers``, for those given at least ``MONTHS`` before the as-of date by
    clients then in force: ``left`` (1 if he left by choice within ``MONTHS``, else 0), ``money`` (net new money since
    over the assets before, cut to -1 and 1; nan without assets), ``share`` (change of the bank's share in what he
    holds, in fractions; nan where he did not say before and after what he holds elsewhere), ``new_product`` (1 if he
    held a product that he did not hold before), as far as the bank delivers them. ``missing`` says of each outcome that
    is not there what it would need.
    """

    rows: pd.DataFrame
    missing: dict[str, tuple[str, ...]]


def followed(bank: Bank) -> Followed:
    """Return what followed the answers, made once per bank."""
    return once(bank, "survey_followed", lambda: _made(bank))


def _made(bank: Bank) -> Followed:
    given = answers(bank).answers
    start = given["answered_on"]
    seen = (start + pd.DateOffset(months=MONTHS)) <= pd.Timestamp(bank.as_of)
    return follow(bank, pd.DataFrame({"client_id": given["client_id"], "day": start.dt.date})[seen])


def follow(bank: Bank, asked: pd.DataFrame) -> Followed:
    """Return what followed days (client_id, day: dates at least ``MONTHS`` before the as-of date), with their index."""
    asked = asked.assign(row=np.arange(len(asked), dtype=np.int64))
    found = pd.DataFrame(index=asked.index)
    missing: dict[str, tuple[str, ...]] = {}
    if lacking := _lacking_exits(bank):
        return Followed(found, dict.fromkeys(OUTCOMES, lacking))
    if asked.empty:
        return Followed(found, missing)
    rows = ibis.memtable(asked)
    found = found.join(_on_rows(asked, _left(bank, rows)))
    # Whoever answered after he had left (or before he had come back) tells of no relationship.
    asked = asked[(found["in_force"] > 0).to_numpy(bool)]
    found = found.loc[asked.index].drop(columns="in_force")
    for name, needs, made in (
        (MONEY, ("balances.amount", "balances.month", "transactions.amount", "transactions.booked_on"), _money),
        (SHARE, SHARE_NEEDS, _share),
        (NEW, ("holdings.product_id", "holdings.month", "holdings.amount"), _new),
    ):
        if lacking := bank.needs(*needs):
            missing[name] = lacking
        else:
            found = found.join(_on_rows(asked, made(bank, rows)))
    if MONEY in found:
        net = found[MONEY].fillna(0.0) / found["assets"].where(found["assets"] > 0)
        found[MONEY] = net.clip(-CUT, CUT)
    if NEW in found:
        # Somebody without a recorded holding before was no buyer that could be seen to buy something new.
        found[NEW] = (found[NEW] > 0).astype(float).where(found["held"].fillna(0) > 0)
    return Followed(found[[n for n in OUTCOMES if n in found]].astype(float), missing)


def _lacking_exits(bank: Bank) -> tuple[str, ...]:
    lacking = list(bank.needs("clients.joined_on", "clients.left_on"))
    return tuple(lacking if bank.window_from else [*lacking, "[window] complete_from"])


def _on_rows(asked: pd.DataFrame, told: ir.Table) -> pd.DataFrame:
    found = told.execute().set_index("row").reindex(asked["row"])
    return found.set_axis(asked.index, axis=0)


def _later(day: ir.DateValue, months: int) -> ir.DateValue:
    return (day + ibis.interval(months=months)).cast("date")


def _left(bank: Bank, rows: ir.Table) -> ir.Table:
    """Return by row whether the client was in force on the day, and left by choice within the months after it."""
    told = spells(bank)
    both = rows.inner_join(told, "client_id")
    both = both.filter((both.joined_on <= both.day) & (both.left_on.isnull() | (both.left_on >= both.day)))
    gone = both.left_on.notnull() & (both.left_on <= _later(both.day, MONTHS))
    if bank.has("clients", "leave_reason") or bank.has("relationships", "leave_reason"):
        chosen = ~ibis.coalesce(both.leave_reason, "unknown").isin(bank.settings.lifecycle.not_by_choice)
        gone = gone & chosen
    told = both.mutate(gone=gone.cast("float64"))
    return told.group_by("row").agg(left=told.gone.max(), in_force=told.count())


def _money(bank: Bank, rows: ir.Table) -> ir.Table:
    """Return by row the assets at the last month end before the day, and the net money of the months after it."""
    booked = bank.table("transactions")
    booked = booked.filter(booked.kind.isin(FLOW_KINDS)).select("client_id", "amount", "booked_on")
    both = rows.inner_join(booked, "client_id")
    both = both.filter((both.booked_on > both.day) & (both.booked_on <= _later(both.day, MONTHS)))
    flows = both.group_by("row").agg(money=both.amount.sum().cast("float64"))
    assets = assets_before(bank, rows, 0)
    return assets.left_join(flows, "row").drop("row_right")


def assets_before(bank: Bank, rows: ir.Table, after: int) -> ir.Table:
    """Return by row the assets at the month end before the day ``after`` months later (none: left, or not known)."""
    balances = bank.table("balances")
    at = rows.mutate(month=_later(month_of(rows.day), after - 1))
    both = at.inner_join(balances, ["client_id", "month"])
    return both.group_by("row").agg(assets=both.amount.sum().cast("float64"))


def _share(bank: Bank, rows: ir.Table) -> ir.Table:
    """Return by row by how much the bank's share in what the client holds had changed a year later.

    Of those who said what they hold elsewhere both in the year up to the day and in the year after it: an older figure
    beside today's assets would show what the assets did, and call it share of wallet.
    """
    before, after = (share_of_wallet(bank, rows, months) for months in (0, MONTHS))
    both = before.inner_join(after.rename(later="share"), "row")
    return both.select("row", share=both.later - both.share)


def share_of_wallet(bank: Bank, rows: ir.Table, after: int) -> ir.Table:
    """Return by row the bank's share in what the client holds ``after`` months later, by his word of the year up to it.

    Rows of those who said nothing in that year are left out; of those without any wealth the share is null.
    """
    history = bank.table("client_history")
    history = history.filter(history.external_wealth.notnull())
    known = rows.mutate(at=_later(rows.day, after)).inner_join(history, "client_id")
    known = known.filter((known.valid_from <= known["at"]) & (known.valid_from > _later(known["at"], -MONTHS)))
    outside = known.group_by("row").agg(outside=known.external_wealth.argmax(known.valid_from).cast("float64"))
    both = assets_before(bank, rows, after).inner_join(outside, "row")
    whole = both.assets + both.outside
    return both.select("row", share=(whole > 0).ifelse(both.assets / whole, ibis.null("float64")))


def _new(bank: Bank, rows: ir.Table) -> ir.Table:
    """Return by row how many products were held at the month end before, and how many new ones in the months after."""
    holdings = bank.table("holdings")
    holdings = holdings.filter(holdings.amount > 0).select("client_id", "month", "product_id")
    both = rows.inner_join(holdings, "client_id")
    start = _later(month_of(both.day), -1)
    both = both.filter((both.month >= start) & (both.month <= _later(month_of(both.day), MONTHS - 1)))
    first = both.group_by("row", "product_id").agg(since=both.month.min(), start=_later(month_of(both.day), -1).min())
    return first.group_by("row").agg(
        held=(first.since == first.start).sum().cast("float64"),
        new_product=(first.since > first.start).sum().cast("float64"),
    )
