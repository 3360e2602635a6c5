"""Which household a client belongs to: the unit that disclosure control protects, and that a pack counts once."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.stats.counts import risk_table


def household_of(bank: Bank, client_id: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the household of each client (n) as a number; a client without one is a household of his own.

    The same client has the same number in every call for one bank. Ids that are not in the register of clients are
    numbered apart, each for himself, and only within one call.
    """
    wanted = pd.Index(np.asarray(client_id, dtype=object))
    codes = once(bank, "household_of", lambda: _codes(bank))
    found = codes.reindex(wanted).to_numpy(float)
    strange = np.isnan(found)
    if strange.any():
        found[strange] = len(codes) + pd.factorize(wanted[strange])[0]
    return found.astype(np.int64)


def household_table(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    household: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    group: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Return ``risk_table`` of these rows (n each) with households in place of clients.

    Each row counts at risk as one part in so many as its household has rows, and an exit as one part in so many as the
    household has exits. Such parts add up over groups, reasons and times, and their sum is never more than the number
    of different households. What nobody of a household survives counts once.
    """
    codes = pd.Series(np.asarray(household))
    left = pd.Series(np.asarray(cause)).astype(bool).to_numpy()
    each = 1 / codes.groupby(codes).transform("size").to_numpy(float)
    gone = each.copy()
    own = codes[left]
    gone[left] = 1 / own.groupby(own).transform("size").to_numpy(float)
    at_risk, exits = (risk_table(time, cause, entry=entry, weight=w, group=group) for w in (each, gone))
    return at_risk.assign(events=exits["events"])


def _codes(bank: Bank) -> pd.Series:
    clients = bank.table("clients")
    columns = ["client_id", *(["household_id"] if bank.has("clients", "household_id") else [])]
    told = clients.select(*columns).distinct().order_by("client_id").execute()
    if "household_id" not in told:
        return pd.Series(np.arange(len(told)), index=told["client_id"])
    # A household's id and a client's id are never the same: their pseudonyms begin differently, and so does this.
    name = ("h/" + told["household_id"].astype(str)).where(told["household_id"].notna(), "c/" + told["client_id"])
    return pd.Series(pd.factorize(name)[0], index=told["client_id"])
