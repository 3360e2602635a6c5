"""What is watched between packs: open risks, suspicious payments, changed needs, channels in trouble, outbreaks.

The rules are those of the reports where there are any. Everything here is quick to work out: facts, and comparisons
with the past that need no model of a client, but for the scores of payments.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import ibis
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.channels.contacts import NEEDS as CONTACTS
from insights.models.channels.contacts import contacts
from insights.models.risk.charts import NEEDS as CHARTS
from insights.models.risk.charts import Charted, charted
from insights.models.risk.clients import in_force
from insights.models.risk.fraud import NEEDS as PAYMENTS
from insights.models.risk.fraud import Fraud, fraud
from insights.models.risk.register import asked, open_risks

NOTES = ("notes.noted_on", "notes.topic")
NOTED_DAYS, SILENT_MONTHS = 31, 12
"""A need has changed when a client speaks of a topic that he did not speak of in the twelve months before; it is
watched for for a month."""
WEEKS, FEWEST = 52, 30
"""Weeks that a channel's last seven days are held against, and contacts that each of these must have."""
WAIT, UNSETTLED = "wait", "unsettled"


@dataclass(frozen=True)
class Watched:
    """What is open on a day; each has a column ``key`` that names it in every run.

    ``risks``: client_id, reason; ``payments``: transactions_id; ``needs``: client_id, rm_id, noted_on (ISO), topic;
    ``troubles``: channel, measure ("wait" or "unsettled"); ``outbreaks``: series, began (ISO). ``lacking`` names those
    that the bank's tables cannot tell of.
    """

    risks: pd.DataFrame = field(repr=False)
    payments: pd.DataFrame = field(repr=False)
    needs: pd.DataFrame = field(repr=False)
    troubles: pd.DataFrame = field(repr=False)
    outbreaks: pd.DataFrame = field(repr=False)
    lacking: tuple[str, ...]

    def keys(self) -> dict[str, frozenset[str]]:
        """Return the keys of what is open, by kind."""
        return {kind: frozenset(getattr(self, kind)["key"]) for kind in KINDS}


KINDS = ("risks", "payments", "needs", "troubles", "outbreaks")


def watched(bank: Bank) -> Watched:
    """Return what is open on the bank's day."""
    found = {
        "risks": _risks(bank),
        "payments": _payments(bank),
        "needs": _needs(bank),
        "troubles": _troubles(bank),
        "outbreaks": _outbreaks(bank),
    }
    lacking = tuple(kind for kind, rows in found.items() if rows is None)
    return Watched(**{k: pd.DataFrame({"key": []}) if r is None else r for k, r in found.items()}, lacking=lacking)


def _keyed(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    key = rows[columns[0]].astype(str)
    for column in columns[1:]:
        key = key + "|" + rows[column].astype(str)
    return rows.assign(key=key.astype(str)).reset_index(drop=True)


def _risks(bank: Bank) -> pd.DataFrame | None:
    if not asked(bank):
        return None
    return _keyed(open_risks(bank)[["client_id", "reason"]], "client_id", "reason")


def _payments(bank: Bank) -> pd.DataFrame | None:
    if bank.needs(*PAYMENTS) or not isinstance(found := fraud(bank), Fraud):
        return None
    every = pd.concat([found.open, found.sample], ignore_index=True)
    return _keyed(every[["transactions_id"]], "transactions_id")


def _needs(bank: Bank) -> pd.DataFrame | None:
    """Return the topics that clients in force spoke of within a month, and not in the twelve months before that."""
    if bank.needs(*NOTES):
        return None
    opens = add_months(bank.as_of, -SILENT_MONTHS) - timedelta(days=NOTED_DAYS)
    told = bank.table("notes")
    told = told.filter(told.noted_on > ibis.literal(opens)).select("client_id", "noted_on", "topic")
    rows = told.order_by("client_id", "topic", "noted_on").execute()
    rows["noted_on"] = pd.to_datetime(rows["noted_on"])
    before = rows.groupby(["client_id", "topic"])["noted_on"].shift()
    silent = before.isna() | (before <= rows["noted_on"] - pd.DateOffset(months=SILENT_MONTHS))
    rows = rows[silent & (rows["noted_on"] > pd.Timestamp(bank.as_of) - pd.Timedelta(days=NOTED_DAYS))]
    rows = rows.merge(in_force(bank), on="client_id", how="inner")
    rows["noted_on"] = rows["noted_on"].dt.strftime("%Y-%m-%d")
    return _keyed(rows[["client_id", "rm_id", "noted_on", "topic"]], "client_id", "noted_on", "topic")


def _troubles(bank: Bank) -> pd.DataFrame | None:
    """Return the channels whose last seven days were worse than each of the 52 weeks before.

    If nothing has changed that happens to a channel and measure about once a year, by chance.
    """
    if bank.needs(*CONTACTS):
        return None
    rows = contacts(bank).rows
    week = (pd.Timestamp(bank.as_of) - rows["day"]).dt.days // 7
    rows = rows.assign(week=week, unsettled=1 - rows["resolved"])[(week >= 0) & (week <= WEEKS)]
    found = []
    for measure in (WAIT, UNSETTLED):
        told = rows[rows[measure].notna()]
        by = told.groupby(["channel", "week"])[measure].agg(["mean", "size"])
        for channel, own in by.groupby(level="channel", sort=True):
            own = own.droplevel("channel").reindex(range(WEEKS + 1))
            if (own["size"].fillna(0) < FEWEST).any():
                continue
            if own["mean"].iloc[0] > own["mean"].iloc[1:].max():
                found.append({"channel": str(channel), "measure": measure})
    return _keyed(pd.DataFrame(found, columns=["channel", "measure"]), "channel", "measure")


def _outbreaks(bank: Bank) -> pd.DataFrame | None:
    asked_of = [series for series in CHARTS if not bank.needs(*CHARTS[series])]
    if not asked_of:
        return None
    found = []
    for series in asked_of:
        told = charted(bank, series)
        burning = told.burning() if isinstance(told, Charted) else None
        if burning is not None:
            found.append({"series": series, "began": burning.began.isoformat()})
    return _keyed(pd.DataFrame(found, columns=["series", "began"]), "series", "began")


__all__ = ["KINDS", "NOTES", "UNSETTLED", "WAIT", "Watched", "watched"]
