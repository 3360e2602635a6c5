"""Who left by choice in the last twelve months, and what he had and brought before: what a lever could act on."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.groups import group_columns, group_of
from insights.models.loyalty.followed import MONTHS
from insights.models.loyalty.invitations import NOT_KNOWN, thirds
from insights.models.value.margins import MARGIN, client_margins


@dataclass(frozen=True)
class Losses:
    """The clients in force a year before the as-of date, one row each.

    ``rows``: client_id, segment, left (by choice since), assets (at the start; nan where not known), margin (of the
    year before the start; nan where the bank delivers no revenue, or not for so long).
    """

    rows: pd.DataFrame


def losses(bank: Bank) -> Losses:
    """Return last year's clients and losses, made once per bank; needs joined_on and left_on of clients."""
    return once(bank, "loyalty_losses", lambda: Losses(_made(bank)))


def _made(bank: Bank) -> pd.DataFrame:
    start = add_months(first_of_month(bank.as_of), -MONTHS)
    told = spells(bank)
    # In force at the end of the month twelve months before that of the as-of date.
    begins = add_months(start, 1)
    inside = told.filter(
        (told.joined_on < ibis.literal(begins)) & (told.left_on.isnull() | (told.left_on >= ibis.literal(begins)))
    )
    gone = inside.left_on.notnull()
    if bank.has("clients", "leave_reason") or bank.has("relationships", "leave_reason"):
        gone = gone & ~ibis.coalesce(inside.leave_reason, "unknown").isin(bank.settings.lifecycle.not_by_choice)
    rows = inside.group_by("client_id").agg(left=gone.max()).order_by("client_id").execute()
    rows["assets"], rows["margin"] = np.nan, np.nan
    margins = client_margins(bank)
    if margins is not None and len(rows):
        months = margins.months
        at = pd.Index(months.client_id).get_indexer(rows["client_id"])
        last = months.column(start)
        known = at >= 0
        if 0 <= last < months.count and margins.assets.any():
            rows.loc[known, "assets"] = margins.assets[at[known], last]
        if margins.basis == MARGIN and last - MONTHS + 1 >= 0:
            rows.loc[known, "margin"] = margins.over(MARGIN, last - MONTHS + 1, last)[at[known]]
    return rows.assign(segment=segment_of(bank, rows))


def segment_of(bank: Bank, rows: pd.DataFrame) -> pd.Series:
    """Return the segment of clients (client_id, assets): a column of clients, or the third of these assets."""
    name = bank.settings.loyalty.segment
    if name is None:
        return thirds(rows["assets"])
    if name not in group_columns(bank):
        return pd.Series(NOT_KNOWN, index=rows.index)
    groups = bank.table("clients").select("client_id", group=group_of(bank, name)).execute()
    return rows["client_id"].map(groups.set_index("client_id")["group"]).fillna(NOT_KNOWN).astype(str)
