"""Who was asked, and what the bank knew of him the day before: one row per invitation."""

import ibis
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.attributes import attach_attributes
from insights.models.before import features_before

NEEDS = ("surveys.invited_on", "surveys.answered_on")
OPEN_DAYS = 30
"""An invitation younger than this may still be answered: it is left out."""

THIRDS = ("lower third", "middle third", "upper third")
NOT_KNOWN = "not recorded"


def read_invitations(bank: Bank, items: tuple[str, ...], beside: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return one row per invitation to a wave of the mapped survey, in the order of waves and clients.

    Columns: client_id, invited_on, answered_on, answered (whether any of the items has an answer), delay_days, wave
    (the bank's label, else the month), wave_number (from 0, by first invitation), language (where delivered), the items
    as delivered, and what was known the day before: those of ``features_before``, manager, manager_decades. Invitations
    younger than ``OPEN_DAYS`` are left out, and so are waves in which none of the items was answered: they belong to
    another survey. Items ``beside`` are read too, and decide nothing of this.
    """
    surveys, clients = bank.table("surveys"), bank.table("clients")
    present = [i for i in (*items, *beside) if i in surveys.columns]
    head = [c for c in ("wave", "language") if c in surveys.columns]
    rows = surveys.select("client_id", "surveys_id", "invited_on", "answered_on", *head, *present)
    rows = rows.inner_join(clients.select("client_id", "joined_on"), "client_id")
    rows = rows.filter(rows.invited_on <= ibis.literal(bank.as_of) - ibis.interval(days=OPEN_DAYS))
    frame = rows.execute()
    for item in (*items, *beside):
        frame[item] = frame[item].astype(float) if item in frame else np.nan
    frame["invited_on"] = pd.to_datetime(frame["invited_on"])
    frame["answered_on"] = pd.to_datetime(frame["answered_on"])
    month = frame["invited_on"].dt.strftime("%Y-%m")
    frame["wave"] = frame["wave"].astype(object).where(frame["wave"].notna(), month) if "wave" in frame else month
    frame["wave"] = frame["wave"].astype(str)
    frame["answered"] = frame[list(items)].notna().any(axis=1) & frame["answered_on"].notna()
    asked = frame.groupby("wave")["answered"].transform("any").astype(bool)
    frame = frame[asked].sort_values(["invited_on", "client_id", "surveys_id"], kind="stable", ignore_index=True)
    frame = frame.drop_duplicates(["wave", "client_id"], keep="last", ignore_index=True)
    first = frame.groupby("wave")["invited_on"].min().sort_values(kind="stable")
    frame["wave_number"] = frame["wave"].map({w: k for k, w in enumerate(first.index)}).astype(int)
    frame["delay_days"] = (frame["answered_on"] - frame["invited_on"]).dt.days.where(frame["answered"]).astype(float)
    if frame.empty:
        return frame.drop(columns=["surveys_id", "joined_on"])
    asked_on = frame[["client_id", "joined_on"]].assign(day=frame["invited_on"])
    known = features_before(bank, asked_on)
    return pd.concat([frame.drop(columns=["surveys_id", "joined_on"]), known, managers_on(bank, asked_on)], axis=1)


def thirds(values: pd.Series) -> pd.Series:
    """Return the third of each value among all of them, in words; ``NOT_KNOWN`` where there is none."""
    known = values.notna()
    cuts = np.quantile(values[known], [1 / 3, 2 / 3]) if known.any() else [0.0, 0.0]
    place = np.searchsorted(cuts, values.fillna(0.0).to_numpy(float))
    return pd.Series(np.where(known, np.array(THIRDS, dtype=object)[place], NOT_KNOWN), index=values.index)


def managers_on(bank: Bank, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the manager on the day before, and for how many decades he had been in the profession."""
    rows = pd.DataFrame({"client_id": asked["client_id"], "month": asked["day"], "row": np.arange(len(asked))})
    told, _ = attach_attributes(bank, ibis.memtable(rows), 1)
    names = [n for n in ("manager", "manager_since") if n in told.columns]
    found = told.select("row", *names).execute().set_index("row").reindex(range(len(asked)))
    result = pd.DataFrame({"manager": found["manager"].astype(object).where(found["manager"].notna(), None)})
    if "manager_since" in found:
        result["manager_decades"] = (asked["day"].reset_index(drop=True) - found["manager_since"]).dt.days / 3652.5
    return result
