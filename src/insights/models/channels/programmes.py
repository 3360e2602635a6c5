"""Whom a programme reached and when: one start per relationship, by the manager he had when his manager's turn came.

A programme of managers applies to the clients each had when it started with him, whoever serves them afterwards
(intention to treat). Whoever came later to a manager who had started is neither reached nor a control; nor is a client
who was in a programme of clients before the bank's records of him begin, or came back to the bank after its start.
"""

from dataclasses import dataclass, field

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.attributes import CONTROL, attach_attributes
from insights.models.cache import once
from insights.models.months import NEEDS as OF_MONTHS
from insights.models.months import SpellMonths, spell_months

NEEDS = ("programmes.programme", "programmes.started_on", *OF_MONTHS)
NO_ROWS, TOO_EARLY, NOT_YET = "no_rows", "too_early", "not_yet"
"""Why nothing can be told: nobody is recorded in it, it began before the window, it begins after the as-of date."""


@dataclass(frozen=True)
class Reach:
    """A programme over the relationships of ``spell_months`` (n rows).

    ``start`` (n): the month (column of the matrices) in which it reached the relationship; infinite for controls, nan
    for whoever is neither. ``day`` (n): where the lot decided, the month in which he was drawn for either arm; else as
    ``start``. ``manager`` (n): whom errors are clustered by, the manager at the start or at first sight (a
    client without one is his own). ``by_manager``: managers were put into it. ``by_lot``: the lot decided, and
    controls are those it left out.
    """

    name: str
    start: npt.NDArray[np.float64] = field(repr=False)
    day: npt.NDArray[np.float64] = field(repr=False)
    manager: npt.NDArray[np.object_] = field(repr=False)
    by_manager: bool
    by_lot: bool

    @property
    def starts(self) -> tuple[int, ...]:
        """The months in which it started with anybody, in order."""
        return tuple(int(s) for s in np.unique(self.start[np.isfinite(self.start)]))


def programmes(bank: Bank) -> tuple[str, ...]:
    """Return the programmes that anybody is recorded in, in the order in which they first began."""
    if bank.needs("programmes.programme", "programmes.started_on"):
        return ()
    told = bank.table("programmes")
    first = told.group_by("programme").agg(first=told.started_on.min()).order_by("first", "programme").execute()
    return tuple(str(p) for p in first["programme"])


def reach(bank: Bank, name: str) -> Reach | str:
    """Return whom a programme reached, or why nothing can be told; needs ``NEEDS`` and a window, made once."""
    return once(bank, ("programme_reach", name), lambda: _made(bank, name))


def _made(bank: Bank, name: str) -> Reach | str:
    months = spell_months(bank)
    told = bank.table("programmes")
    told = told.filter(told.programme == name).execute()
    if told.empty:
        return NO_ROWS
    by_manager = "client_id" not in told or bool(told["client_id"].isna().all())
    unit = "rm_id" if by_manager else "client_id"
    told = told.dropna(subset=[unit])
    control = (told["arm"] == CONTROL) if "arm" in told else pd.Series(False, index=told.index)
    lot = told["randomised"].fillna(False).astype(bool) if "randomised" in told else pd.Series(False, index=told.index)
    by_lot = bool(len(lot) and lot.all() and control.any() and not control.all())
    on = pd.to_datetime(told["started_on"])
    rows = pd.DataFrame({"unit": told[unit].astype(str), "control": control})
    rows["column"] = (on.dt.year - months.opens.year) * 12 + on.dt.month - months.opens.month
    rows = rows[rows["column"] < months.months]
    if rows.empty or rows["control"].all():
        return NOT_YET
    if (rows.loc[~rows["control"], "column"] <= 0).all():
        return TOO_EARLY
    # Drawn twice: the first treatment counts.
    rows = rows.sort_values(["unit", "control", "column"], kind="stable").drop_duplicates("unit")
    days = sorted(rows["column"].unique().tolist())
    managers = managers_at(bank, months, tuple(int(d) for d in days))
    start, day, manager = _starts(months, rows, managers, by_manager, by_lot)
    return Reach(name, start, day, manager, by_manager, by_lot)


def _starts(
    months: SpellMonths,
    rows: pd.DataFrame,
    managers: dict[int | None, npt.NDArray[np.object_]],
    by_manager: bool,
    by_lot: bool,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.object_]]:
    """Return start, day and manager of every relationship (n); see ``Reach``."""
    n = len(months.spells)
    client = months.spells["client_id"].to_numpy(object)
    treated = rows[~rows["control"]].set_index("unit")["column"]
    start = np.full(n, np.nan if by_lot else np.inf)
    drawn = np.full(n, np.nan)
    first = managers[None]
    manager = first.copy()
    for day, on_day in ((d, m) for d, m in managers.items() if d is not None):
        # With the bank before the month in which it starts, and still there.
        here = (months.first < day) & (months.last >= day)
        who = pd.Series(on_day if by_manager else client)
        # Before the window is before the panel: such a start is known, and has no before.
        mine = here & (who.map(treated).to_numpy(float) == day) & ~(np.isfinite(start) & (start < day))
        start[mine] = day
        manager[mine] = on_day[mine]
        if by_lot:
            of_day = set(rows.loc[rows["control"] & (rows["column"] == day), "unit"])
            spared = here & who.isin(of_day).to_numpy() & np.isnan(start)
            start[spared] = np.inf
            manager[spared] = on_day[spared]
            drawn[(mine | spared) & np.isnan(drawn)] = day
    if not by_lot:
        # Reached before he was seen, he has no before: he himself, or the manager to whom he came.
        turn = pd.Series(first if by_manager else client).map(treated).to_numpy(float)
        start[(turn <= months.first) & np.isinf(start)] = np.nan
        # He left before his turn came: not yet reached, but not one of those who never are.
        gone = (turn > months.last) & np.isinf(start)
        start[gone] = turn[gone]
    own = np.array([f"client {c}" for c in client], dtype=object)
    return start, drawn if by_lot else start, np.where(pd.isna(manager), own, manager)


def managers_at(bank: Bank, months: SpellMonths, days: tuple[int, ...]) -> dict[int | None, npt.NDArray[np.object_]]:
    """Return the manager of every relationship at the start of each month of ``days``, and (None) when first seen.

    First seen: at the start of the month after joining, or of the window; a client who joins in the last month is not.
    """
    n = len(months.spells)
    client = months.spells["client_id"].to_numpy(object)
    seen = np.minimum(months.first + 1, months.months)
    columns = [seen, *(np.full(n, d) for d in days)]
    asked = pd.DataFrame(
        {
            "client_id": np.tile(client, len(columns)),
            "month": (np.datetime64(months.opens, "M") + np.concatenate(columns)).astype("datetime64[s]"),
            "row": np.arange(n * len(columns), dtype=np.int64),
        }
    )
    told, _ = attach_attributes(bank, ibis.memtable(asked), 1)
    found = told.select("row", "manager").execute().set_index("row")["manager"].reindex(range(len(asked)))
    parts = found.astype(object).where(found.notna(), None).to_numpy(object).reshape(len(columns), n)
    return dict(zip((None, *days), parts, strict=True))
