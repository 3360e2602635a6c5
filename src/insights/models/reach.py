"""By which channel, and at what time of day, a client is reached best: from the contacts that reached him before."""

from dataclasses import dataclass, field

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once

NEEDS = ("contacts.channel", "contacts.contacted_on")
YEARS = 2
PRIOR = 4.0
"""So many contacts of all clients are added to a client's own: who had one contact is not known by it."""
TIMES = ((12, "morning"), (14, "midday"), (18, "afternoon"), (24, "evening"))
"""Until which hour (of the bank's day) a part of the day goes, and what it is called."""
UNKNOWN = ""


@dataclass(frozen=True)
class Reach:
    """Clients (n) with contacts that reached them in the last two years, by ``client_id``.

    ``channel`` (n): the code of the channel that reaches him best. ``time`` (n): a name of ``TIMES``, or "" where no
    time is recorded. ``contacts`` (n): on how many contacts of his own that rests.
    """

    client_id: npt.NDArray[np.object_] = field(repr=False)
    channel: npt.NDArray[np.object_] = field(repr=False)
    time: npt.NDArray[np.object_] = field(repr=False)
    contacts: npt.NDArray[np.int64] = field(repr=False)


def reach(bank: Bank) -> Reach:
    """Return how clients are reached best, made once per bank; needs ``NEEDS``.

    A contact reached the client if he began it, opened it, or it settled the matter; where a bank records none of the
    three, every contact counts. A client's own contacts count together with four of all clients, spread as theirs are.
    """
    return once(bank, "reach", lambda: _made(bank))


def _made(bank: Bank) -> Reach:
    table = bank.table("contacts")
    table = table.filter((table.contacted_on > add_months(bank.as_of, -12 * YEARS)) & table.channel.notnull())
    reached = []
    if "direction" in table.columns:
        reached.append(ibis.coalesce(table.direction == "inbound", False))
    if "opened_at" in table.columns:
        reached.append(table.opened_at.notnull())
    if "resolved" in table.columns:
        reached.append(ibis.coalesce(table.resolved, False))
    if reached:
        either = reached[0]
        for other in reached[1:]:
            either = either | other
        table = table.filter(either)
    hour = table.contacted_at.hour() if "contacted_at" in table.columns else ibis.null("int32")
    # Digits only count where a time is recorded at all; a message without one says nothing of the hour.
    rows = table.group_by("client_id", "channel", hour=hour).agg(n=table.count()).execute()
    rows = rows.sort_values(["client_id", "channel", "hour"], kind="stable")
    client = pd.Index(sorted(rows["client_id"].unique()), dtype=object)
    who = client.get_indexer(rows["client_id"])
    n = rows["n"].to_numpy(float)
    channels, of = np.unique(rows["channel"].astype(str).to_numpy(object), return_inverse=True)
    bounds, names = [b for b, _ in TIMES], np.array([name for _, name in TIMES], dtype=object)
    known = rows["hour"].notna().to_numpy()
    part = np.searchsorted(bounds, rows["hour"].to_numpy(float)[known], side="right")
    time = _best(who[known], part, n[known], len(client), len(TIMES))
    return Reach(
        client.to_numpy(object),
        channels.astype(object)[_best(who, of, n, len(client), len(channels))] if len(client) else client.to_numpy(),
        names[time] if known.any() else np.full(len(client), UNKNOWN, dtype=object),
        np.bincount(who, n, len(client)).astype(np.int64),
    )


def _best(who: npt.ArrayLike, what: npt.ArrayLike, n: npt.ArrayLike, clients: int, kinds: int) -> npt.NDArray[np.int64]:
    """Return the kind that each client has most of, his own and his part of everybody's together; ties: the first."""
    found = np.zeros((clients, kinds))
    np.add.at(found, (np.asarray(who, dtype=int), np.asarray(what, dtype=int)), np.asarray(n, dtype=float))
    total = found.sum()
    share = found.sum(axis=0) / total if total else np.zeros(kinds)
    return np.asarray((found + PRIOR * share).argmax(axis=1), dtype=np.int64)
