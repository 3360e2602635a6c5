"""Requests: how long they take, where they get stuck, at which step clients give up, and what is done without staff."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.measured import Measured
from insights.stats.quantiles import duration_quantiles
from insights.stats.ratios import ratio_of_sums

NEEDS = ("requests.request_id", "requests.step", "requests.opened_on", "requests.closed_on")
MONTHS = 24
MEDIAN, LONG, GIVEN_UP, SELF, HANDED = "median", "p90", "given_up", "self_service", "handed_over"
KIND, STEP, HOW = "kind", "step", "how"
STAFF, NO_STAFF = "staff", "self_service"
ALL = ""
SHARES = (0.5, 0.9)


@dataclass(frozen=True)
class Requests:
    """``measured``; ``volume``: kind, requests, open (not done yet). ``steps`` in the order in which they come."""

    measured: tuple[Measured, ...]
    volume: pd.DataFrame = field(repr=False)
    steps: tuple[str, ...]


def requests(bank: Bank) -> Requests:
    """Return the state of requests opened in the last two years, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_requests", lambda: _made(bank))


def _made(bank: Bank) -> Requests:
    told = bank.table("requests")
    names = ["request_id", "kind", "step", "opened_on", "closed_on", "abandoned", "client_id", "self_service"]
    present = [n for n in names if n in told.columns]
    rows = told.select(*present).order_by("request_id", "opened_on", "step").execute()
    rows = rows.reindex(columns=names)
    opens = pd.Timestamp(add_months(bank.as_of, -MONTHS))
    return measure(rows, opens, pd.Timestamp(bank.as_of))


def measure(rows: pd.DataFrame, opens: pd.Timestamp, end: pd.Timestamp) -> Requests:
    """Measure steps of requests (rows as delivered) of which the first was opened from ``opens`` on; until ``end``."""
    rows = rows.assign(
        opened_on=pd.to_datetime(rows["opened_on"]),
        closed_on=pd.to_datetime(rows["closed_on"]),
        kind=rows["kind"].astype(object).where(rows["kind"].notna(), "not recorded"),
        gave=rows["abandoned"].astype(float).fillna(0.0) if rows["abandoned"].notna().any() else 0.0,
        alone=rows["self_service"].astype(float) if rows["self_service"].notna().any() else np.nan,
    )
    rows["who"] = rows["client_id"].astype(object).where(rows["client_id"].notna(), rows["request_id"])
    # Steps of one day come in the order in which they were closed.
    rows = rows.sort_values(["request_id", "opened_on", "closed_on", "step"], kind="stable", na_position="last")
    place = rows.groupby("request_id").cumcount()
    order = rows.assign(place=place).groupby("step")["place"].mean().sort_values(kind="stable")
    by = rows.groupby("request_id", sort=True)
    whole = pd.DataFrame(
        {
            "kind": by["kind"].first(),
            "who": by["who"].first(),
            "first": by["opened_on"].min(),
            "open": rows["closed_on"].isna().groupby(rows["request_id"], sort=True).any(),
            "closed": by["closed_on"].max(),
            "gave": by["gave"].max(),
            "began_alone": by["alone"].first(),
            "alone": by["alone"].min(),
        }
    )
    whole = whole[whole["first"] >= opens]
    rows = rows[rows["request_id"].isin(whole.index)]
    whole["days"] = (whole["closed"].where(~whole["open"], end) - whole["first"]).dt.days.astype(float)
    found = [m for kind in (ALL, *sorted(whole["kind"].unique())) for m in _whole(KIND, kind, whole)]
    if whole["began_alone"].notna().any():
        for how, flag in ((NO_STAFF, 1.0), (STAFF, 0.0)):
            found += _times(HOW, how, whole[whole["alone"] == flag])
    length = (rows["closed_on"].fillna(end) - rows["opened_on"]).dt.days.astype(float)
    rows = rows.assign(days=length, open=rows["closed_on"].isna())
    for step in order.index:
        found += _times(STEP, str(step), rows[rows["step"] == step])
    volume = whole.groupby("kind").agg(requests=("open", "size"), open=("open", "sum")).reset_index()
    return Requests(tuple(found), volume.astype({"open": int}), tuple(str(s) for s in order.index))


def _whole(division: str, value: str, whole: pd.DataFrame) -> list[Measured]:
    own = whole if value == ALL else whole[whole["kind"] == value]
    found = _times(division, value, own)
    if own["began_alone"].notna().any():
        known = own[own["began_alone"].notna()]
        found.append(_share(division, value, SELF, known["alone"], known))
        begun = known[known["began_alone"] == 1]
        found.append(_share(division, value, HANDED, (begun["alone"] < 1).astype(float), begun))
    return found


def _times(division: str, value: str, own: pd.DataFrame) -> list[Measured]:
    """Return how long it takes (who is not done yet counts with the time until now), and the share given up."""
    size = int(own["who"].nunique()), len(own)
    done = ~own["open"].to_numpy(bool)
    times = duration_quantiles(own["days"], done, SHARES, cluster=own["who"].to_numpy(str), unit="days")
    found = [Measured(division, value, m, t, *size) for m, t in zip((MEDIAN, LONG), times, strict=True)]
    # What is still open may yet be given up: only what has ended tells.
    ended = own[done]
    return [*found, _share(division, value, GIVEN_UP, ended["gave"], ended)]


def _share(division: str, value: str, measure: str, values: pd.Series, own: pd.DataFrame) -> Measured:
    y, never = values.astype(float), not values.any()
    # Where it never happened the interval ends at what could have gone unseen.
    found = ratio_of_sums(y, np.ones(len(own)), cluster=own["who"].to_numpy(str), unit="share", positive=never)
    return Measured(division, value, measure, found, int(own["who"].nunique()), len(own))
