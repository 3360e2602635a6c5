"""From a log of events to one row per unit: repeats, time of the last, time watched, mean amount, and a holdout."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import Result

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375}


@dataclass(frozen=True, eq=False)
class EventSummary(Result):
    """What an event log says of each unit up to ``end``, and what came after.

    ``table``, one row per unit whose first event is not after ``end``, by unit: unit, x (repeats), t_x (time from first
    to last), T (time from first to ``end``, or to the unit's own end before it), first and until (days from ``origin``,
    the first event of all; until is infinite where a unit has no end of its own), mean_amount (over repeats; NaN
    without), ahead (how long the unit is watched in the holdout), holdout_x and holdout_amount (number and sum of
    amounts in the holdout; NaN without one). Times are in ``time_unit``; ``calibration`` and ``holdout`` are their
    lengths from ``origin`` and from ``end``. ``repeats``: days from origin, number of repeats on that day.
    ``n_same_day`` events were joined with another of the unit's day, ``n_after_end`` units came after ``end``,
    ``n_after_holdout`` events were beyond the last day.
    """

    time_unit: str = "days"
    origin: Any = None
    calibration: float = 0.0
    holdout: float = 0.0
    repeats: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    n_same_day: int = 0
    n_after_end: int = 0
    n_after_holdout: int = 0

    @property
    def history(self) -> tuple[Floats, Floats, Floats]:
        """The columns x, t_x and T, as the models take them."""
        return tuple(self.table[c].to_numpy(dtype=float) for c in ("x", "t_x", "T"))  # type: ignore[return-value]


def summarise_events(
    unit: npt.ArrayLike,
    time: npt.ArrayLike,
    amount: npt.ArrayLike | None = None,
    *,
    end: Any,
    holdout_end: Any = None,
    until: pd.Series | None = None,
    time_unit: str = "months",
) -> EventSummary:
    """Return the histories of units up to and including the day ``end``.

    unit, time, amount (length n, one row per event): ``time`` holds dates or timestamps, or numbers of days, of which
    the fraction is dropped. ``time_unit``: days, weeks (7 days) or months (30.4375 days).

    The conventions are those of Fader & Hardie: events of one unit on one day are one event, its amount the sum; the
    first event is what makes the unit one, so that x counts the days with an event after it; ``t_x`` and ``T`` run from
    the first event, so that a unit that comes on ``end`` has T = 0; mean_amount leaves the first event out;
    holdout_x counts days after ``end`` up to and including ``holdout_end``.

    ``until`` (index: units) is the last day on which a unit could be seen, where it was watched for less long than the
    others because of something that says nothing of its transactions; what comes later is not its own and is left out.

    Raises ValueError for missing units, times or amounts, for an unknown time unit, for an ``end`` before the first
    event and a ``holdout_end`` not after ``end``.
    """
    if time_unit not in DAYS:
        raise ValueError(f"the time unit is {time_unit!r}; expected one of {', '.join(DAYS)}")
    events, dated = _events(unit, time, amount)
    last, stop = _day(end, dated, "end"), None if holdout_end is None else _day(holdout_end, dated, "holdout_end")
    start = int(events["day"].min())
    if last < start:
        raise ValueError("the end is before the first event; expected a day within the log")
    if stop is not None and stop <= last:
        raise ValueError("the end of the holdout is not after the end; expected a later day")
    own = _own_ends(events, until, dated)
    events = events[events["day"] <= own.reindex(events["unit"]).to_numpy()]
    kept = events[events["day"] <= (last if stop is None else stop)]
    days = kept.groupby(["unit", "day"], sort=True, as_index=False, observed=True)["amount"].sum()
    days["first"] = days.groupby("unit", observed=True)["day"].transform("min")
    cohort = days[days["first"] <= last]
    table = _table(cohort, own, last, stop, with_amount=amount is not None, scale=DAYS[time_unit])
    table[["first", "until"]] -= start
    later = cohort.loc[cohort["day"] > cohort["first"], "day"] - start
    repeats = later.value_counts().sort_index().rename_axis("day").reset_index(name="repeats")
    return EventSummary(
        table,
        source="Fader & Hardie (2005), a note on deriving histories from transactions",
        time_unit=time_unit,
        origin=_origin(start, dated),
        calibration=(last - start) / DAYS[time_unit],
        holdout=0.0 if stop is None else (stop - last) / DAYS[time_unit],
        repeats=repeats,
        n_same_day=len(kept) - len(days),
        n_after_end=int(events["unit"].nunique()) - len(table),
        n_after_holdout=len(events) - len(kept),
    )


def _events(unit: npt.ArrayLike, time: npt.ArrayLike, amount: npt.ArrayLike | None) -> tuple[pd.DataFrame, bool]:
    """Return checked events (unit, day, amount) and whether time came as dates."""
    units, times = pd.Series(unit).reset_index(drop=True), pd.Series(time).reset_index(drop=True)
    amounts = pd.Series(np.zeros(len(units)) if amount is None else np.asarray(amount, dtype=float))
    if not len(units) == len(times) == len(amounts):
        raise ValueError(
            f"unit, time and amount have {len(units)}, {len(times)} and {len(amounts)} rows; expected equal"
        )
    if not len(units):
        raise ValueError("the log has no events; expected at least one")
    dated = not pd.api.types.is_numeric_dtype(times)
    if dated:
        times = pd.to_datetime(times)
    for name, values in (("unit", units), ("time", times), ("amount", amounts)):
        if missing := int(values.isna().sum()):
            raise ValueError(f"{missing} values of {name} are missing; expected one for every event")
    if np.isinf(amounts).any() or (not dated and np.isinf(times).any()):
        raise ValueError("amounts or times are infinite; expected numbers")
    day = times.to_numpy(dtype="datetime64[D]").astype(np.int64) if dated else np.floor(times).astype(np.int64)
    return pd.DataFrame({"unit": units, "day": day, "amount": amounts}), dated


def _own_ends(events: pd.DataFrame, until: pd.Series | None, dated: bool) -> "pd.Series[float]":
    """Return the last day of each unit; infinite where it has none of its own."""
    units = pd.Index(events["unit"].unique())
    if until is None:
        return pd.Series(np.inf, index=units)
    if until.index.has_duplicates:
        raise ValueError("until names a unit twice; expected one last day for each")
    found = until.reindex(units)
    days = pd.Series(np.inf, index=units)
    known = found.notna().to_numpy()
    values = found[known]
    days[known] = pd.to_datetime(values).to_numpy(dtype="datetime64[D]").astype(np.int64) if dated else np.floor(values)
    if early := int(
        (days.reindex(events["unit"]).groupby(level=0).first() < events.groupby("unit")["day"].min()).sum()
    ):
        raise ValueError(f"{early} units end before their first event; expected until on or after it")
    return days


def _table(
    cohort: pd.DataFrame, own: pd.Series, last: int, stop: int | None, *, with_amount: bool, scale: float
) -> pd.DataFrame:
    """Return one row per unit of the cohort (unit, day, amount, first), times divided by scale except the days."""
    holdout = stop is not None
    before, after = cohort[cohort["day"] <= last], cohort[cohort["day"] > last]
    by_unit = before.groupby("unit", observed=True, sort=True)
    table = by_unit.agg(x=("day", "size"), last=("day", "max"), first=("first", "first"))
    table["x"] -= 1
    table["t_x"] = (table["last"] - table["first"]) / scale
    table["until"] = own.reindex(table.index).astype(float)
    table["T"] = (np.minimum(last, table["until"]) - table["first"]) / scale
    table["ahead"] = (np.clip(table["until"], last, stop) - last) / scale if stop is not None else 0.0
    repeat = before[before["day"] > before["first"]].groupby("unit", observed=True)["amount"].mean()
    table["mean_amount"] = repeat.reindex(table.index) if with_amount else np.nan
    held = after.groupby("unit", observed=True)["amount"].agg(["size", "sum"]).reindex(table.index, fill_value=0)
    table["holdout_x"] = held["size"] if holdout else np.nan
    table["holdout_amount"] = held["sum"] if holdout and with_amount else np.nan
    columns = ["unit", "x", "t_x", "T", "first", "until", "mean_amount", "ahead", "holdout_x", "holdout_amount"]
    return table.reset_index()[columns]


def _day(value: Any, dated: bool, name: str) -> int:
    """Return a day as a whole number, on the scale of the events."""
    if dated:
        stamp = pd.Timestamp(value)
        if pd.isna(stamp):
            raise ValueError(f"{name} is missing; expected a date")
        return int(np.datetime64(stamp, "D").astype(np.int64))
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value}; expected a number of days")
    return int(np.floor(value))


def _origin(start: int, dated: bool) -> Any:
    return pd.Timestamp(np.datetime64(start, "D")) if dated else start
