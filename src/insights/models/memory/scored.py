"""Predictions of past runs beside what happened since: each as it stood when its run wrote it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.memory.store import Memory
from insights.models.memory.targets import LEAVING
from insights.stats.results import NotEstimable
from insights.stats.scoring.resampled import ResampledScores, resampled_scores

HORIZONS = (12, 6, 3)
"""Months ahead, the longest first: the longest that any past pack is old enough for is scored."""
GROUPS = 5
"""Clients are put into fifths of what was foretold of them."""


@dataclass(frozen=True)
class Scored:
    """What was foretold and what came, over all past runs that are ``months`` old.

    ``frame``: one row per client and run, or what else is foretold of him (day, client_id, risk, time in months, came).
    ``all`` are the scores of all runs together, ``by_day`` of each.
    """

    months: int
    frame: pd.DataFrame = field(repr=False)
    all: ResampledScores | NotEstimable = field(repr=False)
    by_day: dict[str, ResampledScores | NotEstimable] = field(repr=False)


def scored(bank: Bank, memories: Sequence[Memory]) -> Scored | NotEstimable:
    """Score the risks of leaving that past runs told; NotEstimable where none of them is old enough yet.

    A client counts once for every run; clients are drawn as a whole, so that the interval allows for it. Whoever is no
    longer in the data (forgotten, or past retention) is left out.
    """
    for months in HORIZONS:
        due = [m for m in memories if m.predictions is not None and _due(m, months) <= bank.as_of]
        frame = pd.concat([_rows(bank, m, months) for m in due], ignore_index=True) if due else pd.DataFrame()
        if len(frame):
            by_day = {str(d): score(f, months, f["day"]) for d, f in frame.groupby("day")}
            return Scored(months, frame, score(frame, months, frame["day"]), by_day)
    return NotEstimable("no prediction of an earlier run is old enough to be scored")


def _due(memory: Memory, months: int) -> date:
    return add_months(date.fromisoformat(memory.as_of), months)


def _rows(bank: Bank, memory: Memory, months: int) -> pd.DataFrame:
    """Return the predictions of one run with what became of the clients within the horizon."""
    assert memory.predictions is not None
    told = memory.predictions
    told = told[(told["target"] == LEAVING) & (told["months"] == months)]
    day = date.fromisoformat(memory.as_of)
    rows = spells(bank).select("client_id", "joined_on", "left_on").execute()
    joined, left = (pd.to_datetime(rows[c]).dt.date for c in ("joined_on", "left_on"))
    rows = rows.assign(joined_on=joined, left_on=left)[joined <= day]
    # Who has several relationships is gone with the last of those that he had then.
    ends = rows.assign(end=rows["left_on"].where(rows["left_on"].notna(), date.max)).groupby("client_id")["end"].max()
    frame = told[["client_id", "value"]].rename(columns={"value": "risk"}).assign(day=memory.as_of)
    frame = frame.merge(ends.rename("end"), left_on="client_id", right_index=True)
    frame = frame[frame["end"] > day]
    last = add_months(day, months)
    frame["came"] = [end <= last for end in frame["end"]]
    frame["time"] = [
        float(_months(day, end)) if gone else months + 1.0
        for end, gone in zip(frame["end"], frame["came"], strict=True)
    ]
    return frame.drop(columns="end").reset_index(drop=True)


def _months(day: date, end: date) -> int:
    """Return the number of months within which ``end`` lies after ``day``."""
    k = 12 * (end.year - day.year) + end.month - day.month
    return k if k > 0 and end <= add_months(day, k) else k + 1


def score(frame: pd.DataFrame, months: int, within: pd.Series) -> ResampledScores | NotEstimable:
    """Score the risks of a frame (see ``Scored``), clients drawn as a whole and told apart ``within`` each stratum."""
    return resampled_scores(
        frame["time"],
        np.where(frame["came"], "came", ""),
        frame["risk"],
        months,
        of="came",
        cluster=frame["client_id"],
        null=frame["risk"].groupby(within).transform("mean"),
        within=within,
        groups=GROUPS,
        seed="past predictions",
    )
