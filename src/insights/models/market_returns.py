"""What markets did to the assets of each client, and of all of them together, month by month."""

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.margins import client_margins
from insights.stats.inputs import Floats


def client_returns(bank: Bank) -> Floats:
    """Return what markets added in each month to the assets at the end of the one before, as a share (n, T).

    Clients and months are those of ``client_margins``; nan where nothing was held the month before, or what markets
    added is not told. Made once per bank; needs balances with market changes.
    """
    return once(bank, "client_returns", lambda: _returns(bank), on_disk=True)


def book_returns(assets: Floats, returns: Floats) -> tuple[Floats, Floats]:
    """Return what markets added to all assets together in the columns 1 to T - 1, and net new money, as shares (T - 1).

    ``assets`` (n, T) at month ends and ``returns`` (n, T; nan counts as none) of each client. Of clients with assets at
    both ends of a month: joining and leaving is neither. nan where nobody had.
    """
    before, after = assets[:, :-1], assets[:, 1:]
    both = (before > 0) & (after > 0)
    base = np.where(both, before, 0.0)
    total = base.sum(axis=0)
    moved = (base * (1 + np.nan_to_num(returns[:, 1:]))).sum(axis=0)
    known = (total > 0) & (moved > 0)
    added, came = moved - total, np.where(both, after, 0.0).sum(axis=0) - moved
    nothing = np.full(len(total), np.nan)
    return (
        np.divide(added, total, out=nothing.copy(), where=known),
        np.divide(came, moved, out=nothing, where=known),
    )


def _returns(bank: Bank) -> Floats:
    margins = client_margins(bank)
    assert margins is not None, "balances are delivered"
    months, table = margins.months, bank.table("balances")
    number = (table.month.year() - months.opens.year) * 12 + table.month.month() - months.opens.month
    sums = table.group_by("client_id", column=number.cast("int32")).agg(
        change=table.market_change.sum().cast("float64")
    )
    told = bank.con.to_pyarrow(sums.filter((sums["column"] > 0) & (sums["column"] < months.count)))
    at = pd.Index(months.client_id).get_indexer(told["client_id"].to_pandas())
    known, change = at >= 0, np.full(margins.assets.shape, np.nan)
    change[at[known], told["column"].to_numpy()[known]] = told["change"].to_pandas().to_numpy(float)[known]
    before = margins.assets[:, :-1]
    found = np.full(change.shape, np.nan)
    np.divide(change[:, 1:], before, out=found[:, 1:], where=before > 0)
    return found
