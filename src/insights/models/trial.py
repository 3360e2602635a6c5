"""A randomised programme as an experiment: who was drawn for which arm, and what became of him.

Everybody counts in the arm that was drawn for him, whatever he did afterwards (intention to treat). A programme of
managers applies to the clients each of them had when it started, and the managers are then what was drawn.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import last_complete, month_of
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.attributes import CONTROL, attach_attributes
from insights.models.cache import once
from insights.models.exits.counts import UNKNOWN
from insights.models.exits.hazards import main_reason

NEEDS = ("programmes.programme", "programmes.started_on", "programmes.arm", "programmes.randomised")

NO_ROWS, NOT_DRAWN, ONE_ARM, TOO_EARLY = "no_rows", "not_drawn", "one_arm", "too_early"
"""Why a programme is no experiment: nobody recorded in it, no lot, one arm only, started before the window."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Trial:
    """One row per client drawn who was with the bank when the programme started (n), sorted by client.

    ``rows``: client_id, spell, joined_on, started_on, manager (then; None where not known), unit (what was drawn, a
    client or a manager), treated, start (months from year 0), followed (complete months since), time (months until he
    left or observation ended; a month begun counts), cause ("" in force), ended (his participation ended while he was
    still a client). ``by_manager``: managers were drawn. ``absent`` clients were drawn but not with the bank,
    ``twice`` were drawn for both arms and are left out. ``main`` is the main reason among those who left.
    """

    name: str
    rows: pd.DataFrame
    by_manager: bool
    absent: int
    twice: int
    main: str | None

    @property
    def treated(self) -> Bools:
        """Who was drawn for the programme (n)."""
        return self.rows["treated"].to_numpy(bool)

    @property
    def followed(self) -> npt.NDArray[np.int64]:
        """Complete months since the start (n)."""
        return self.rows["followed"].to_numpy(np.int64)

    @property
    def clusters(self) -> npt.NDArray[np.object_]:
        """What errors are clustered by: the manager drawn, or the manager then; a client without one is his own."""
        rows = self.rows
        own = rows["unit"] if self.by_manager else rows["manager"]
        return own.fillna(rows["client_id"]).to_numpy(object)

    def horizon(self) -> int:
        """Return the months for which four fifths of those drawn have been followed."""
        return int(np.quantile(self.followed, 0.2, method="lower")) if len(self.rows) else 0


def trial(bank: Bank, name: str | None = None) -> Trial | str:
    """Return a programme as an experiment, or why it is none (see ``NO_ROWS`` and others).

    Needs ``NEEDS``, a window and, where no programme is named, ``[lifecycle] retention_programme``; the caller asks
    first.
    """
    programme = bank.settings.lifecycle.retention_programme if name is None else name
    return once(bank, ("trial", programme), lambda: _trial(bank, programme), on_disk=True)


def assets_at(bank: Bank, found: Trial, months: int) -> npt.NDArray[np.float64]:
    """Return the assets (n, currency) of those drawn, so many months after the month end before the start.

    0 before the start; a client without a balance in the month has nothing at the bank. nan where the month has not
    been delivered yet.
    """
    balances = bank.table("balances")
    monthly = balances.group_by("client_id", number=_number(balances.month)).agg(assets=balances.amount.sum())
    wanted = found.rows[["client_id"]].assign(number=found.rows["start"] - 1 + months, row=range(len(found.rows)))
    asked = ibis.memtable(wanted)
    told = asked.inner_join(monthly, ["client_id", "number"]).select("row", assets=monthly.assets.cast("float64"))
    read = bank.con.to_pyarrow(told)
    values = np.zeros(len(wanted))
    values[read["row"].to_numpy()] = read["assets"].to_numpy()
    last = min(int(balances.select(n=_number(balances.month)).n.max().execute()), last_complete(bank.as_of))
    return np.where(wanted["number"].to_numpy() <= last, values, np.nan)


def treated_clients(bank: Bank) -> frozenset[str]:
    """Return who is in the programme now: drawn for it, and his participation has not ended."""
    found = trial(bank)
    if isinstance(found, str):
        return frozenset()
    rows = found.rows[found.rows["treated"] & ~found.rows["ended"]]
    return frozenset(rows["client_id"])


def _trial(bank: Bank, name: str | None) -> Trial | str:
    drawn = bank.table("programmes")
    drawn = drawn.filter(drawn.programme == name)
    told = drawn.execute()
    if told.empty:
        return NO_ROWS
    told = told[told["randomised"].fillna(False).astype(bool) & told["arm"].notna()]
    if told.empty:
        return NOT_DRAWN
    treated = told["arm"] != CONTROL
    if treated.all() or not treated.any():
        return ONE_ARM
    if bank.window_from is not None and (pd.to_datetime(told["started_on"]).dt.date < bank.window_from).any():
        return TOO_EARLY
    by_manager = "client_id" not in told or bool(told["client_id"].isna().all())
    unit = "rm_id" if by_manager else "client_id"
    told = told.dropna(subset=[unit]).assign(treated=treated)
    arms = told.groupby(unit)["treated"].nunique()
    twice = set(arms.index[arms > 1])
    told = told[~told[unit].isin(twice)].sort_values([unit, "started_on"]).drop_duplicates(unit)
    ends = pd.to_datetime(told["ended_on"]) if "ended_on" in told else pd.Series(pd.NaT, index=told.index)
    told = pd.DataFrame(
        {
            "unit": told[unit].astype(str),
            "started_on": pd.to_datetime(told["started_on"]).dt.date,
            "ended_on": ends,
            "treated": told["treated"].astype(bool),
        }
    )
    rows = _with_clients(bank, told, by_manager)
    absent = 0 if by_manager else len(told) - rows["client_id"].nunique()
    rows = _followed(rows, bank)
    counts = rows.loc[rows["cause"] != "", "cause"].value_counts().to_dict()
    main = main_reason({str(k): int(v) for k, v in counts.items()}, bank.settings.lifecycle.not_by_choice)
    return Trial(str(name), rows, by_manager, absent, len(twice), main)


def _with_clients(bank: Bank, told: pd.DataFrame, by_manager: bool) -> pd.DataFrame:
    """Return the relationships in force when the programme started for them, with their manager then."""
    every = spells(bank)
    if by_manager:
        rows = every.cross_join(ibis.memtable(told[["started_on"]].drop_duplicates()))
    else:
        rows = every.inner_join(ibis.memtable(told[["unit", "started_on"]].drop_duplicates()), [("client_id", "unit")])
    rows = rows.filter(
        (rows.joined_on <= rows.started_on) & (rows.left_on.isnull() | (rows.left_on >= rows.started_on))
    )
    rows = rows.mutate(month=month_of(rows.started_on))
    with_manager, _ = attach_attributes(bank, rows, 1)
    read = with_manager.select(
        "client_id", "spell", "joined_on", "left_on", "leave_reason", "started_on", "manager"
    ).execute()
    read["started_on"] = pd.to_datetime(read["started_on"]).dt.date
    key = "manager" if by_manager else "client_id"
    found = read.merge(told, left_on=[key, "started_on"], right_on=["unit", "started_on"])
    # Of several relationships at once the first counts: he is one client.
    return found.sort_values(["client_id", "spell"]).drop_duplicates("client_id").reset_index(drop=True)


def _followed(rows: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Add start, followed, time and cause, all in months; and whether participation ended before the client left."""
    start, left = _of(rows["started_on"]), pd.to_datetime(rows["left_on"])
    followed = last_complete(bank.as_of) - start + 1
    gone = _of(left.fillna(pd.Timestamp(bank.as_of))) - start + 1
    seen = left.notna() & (gone <= followed)
    time = np.where(seen, gone, followed)
    cause = rows["leave_reason"].fillna(UNKNOWN).where(seen, "")
    ends = pd.to_datetime(rows["ended_on"])
    stopped = ends.notna() & (ends <= pd.Timestamp(bank.as_of)) & (left.isna() | (ends < left))
    rows = rows.assign(start=start, followed=followed, time=time.astype(float), cause=cause, ended=stopped)
    kept = ["client_id", "spell", "joined_on", "started_on", "manager", "unit", "treated", "start"]
    kept += ["followed", "time", "cause", "ended"]
    return rows.loc[rows["followed"] >= 1, kept].reset_index(drop=True)


def _of(days: pd.Series) -> pd.Series:
    days = pd.to_datetime(days)
    return (days.dt.year * 12 + days.dt.month - 1).astype(np.int64)


def _number(month: ir.DateValue) -> ir.IntegerValue:
    return (month.year() * 12 + month.month() - 1).cast("int64")


def day_of(month: int) -> date:
    """Return the first day of a month counted from year 0."""
    return date(month // 12, month % 12 + 1, 1)
