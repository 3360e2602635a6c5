"""The client's path: contacts about one matter in their order, what they end in, and where it hurts most.

A matter is a row of contacts of one client about one topic with no more days between two of them than the bank's
settings say. It is over once as many days have passed without another one. It ends well if its last contact settled it
and the client's mark for that, where there is one, is not low.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.contacts import UNKNOWN, contacts, gone
from insights.models.channels.outcomes import scaled
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

NEEDS = ("contacts.channel", "contacts.contacted_on", "contacts.topic", "contacts.resolved", "contacts.cost")
AT_ONCE, ENDED_WELL, COST, EXTRA, COMPLAINED, ORDINARY = (
    "at_once",
    "ended_well",
    "cost",
    "extra",
    "complained",
    "ordinary",
)
"""Shares of matters that took one contact, that ended well; cost of a matter; what contacts after the first cost in
all; shares with a complaint from the first contact to so many days after the last, and in as many days long after."""
UNHAPPY, PAIN = "unhappy", "pain"
"""Share of matters that did not end well, and a year's value of their clients, added up over these matters."""
ALL, SEPARATOR, MORE = "", ">", "+"
LOW_MARK = 5.0
LONGEST = 3
"""Paths are told by so many contacts; whatever follows is ``MORE``."""
LATER = 2
"""The ordinary rate of complaints is that of a span that begins so many spans after the matter was over."""
TOLD_PATHS, TOLD_PAINS = 8, 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One measure of a path (or of a topic and channel): what it rests on, and sizes by client where it is a sum."""

    of: tuple[str, ...]
    measure: str
    found: Estimate | NotEstimable
    clients: int
    matters: int
    sizes: tuple[float, float, float] = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Paths:
    """``steps`` of paths (of all: ""), those with the dearest further contacts first; ``pains`` by topic and channel.

    ``volume``: path, matters; ``hits``: topic, channel, matters. ``basis`` is that of the clients' value: "margin",
    "assets", or "" where the bank records neither and every client counts as one.
    """

    steps: tuple[Step, ...]
    pains: tuple[Step, ...]
    volume: pd.DataFrame = field(repr=False)
    hits: pd.DataFrame = field(repr=False)
    basis: str
    days: int


def paths(bank: Bank) -> Paths:
    """Return the matters of three years and what became of them, made once per bank; needs ``NEEDS``."""
    return once(bank, "channel_paths", lambda: _made(bank))


def _made(bank: Bank) -> Paths:
    rows, until, days = contacts(bank).rows, gone(bank), bank.settings.channels.repeat_days
    filed = None
    if not bank.needs("complaints.filed_on"):
        filed = bank.table("complaints").select("client_id", "filed_on").execute()
        filed = filed.assign(filed_on=pd.to_datetime(filed["filed_on"]))
    value, basis = _value(bank)
    worth = pd.Series(1.0, rows["client_id"].unique()) if value is None else value
    found = matters_of(rows, days)
    end = pd.Timestamp(bank.as_of)
    found = followed(found.assign(until=found["client_id"].map(until)), filed, end, days)
    found["worth"] = found["client_id"].map(worth).fillna(0.0).to_numpy(float)
    return measure(found, days, bank.settings.bank.currency, basis)


def _value(bank: Bank) -> tuple[pd.Series | None, str]:
    """Return what each client brought in twelve months (or holds), never below 0; by client id."""
    margins = client_margins(bank)
    if margins is None:
        return None, ""
    last = margins.margin[:, -12:].sum(axis=1) if margins.basis == MARGIN else margins.assets[:, -1]
    return pd.Series(np.maximum(np.nan_to_num(last), 0.0), margins.months.client_id), margins.basis


def matters_of(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return one row per matter from contacts (client_id, day, channel, topic, resolved, mark, cost).

    Columns: client_id, topic, channel (the first), path, contacts, begun, ended, well (0 or 1; nan where neither result
    nor mark of the last contact is recorded), cost, extra (currency; what is not recorded counts as 0).
    """
    rows = rows[rows["topic"] != UNKNOWN].sort_values(["client_id", "topic", "day"], kind="stable")
    rows = rows.reset_index(drop=True)
    same = (rows["client_id"] == rows["client_id"].shift()) & (rows["topic"] == rows["topic"].shift())
    near = (rows["day"] - rows["day"].shift()) <= pd.Timedelta(days=days)
    number = (~(same & near)).cumsum().to_numpy()
    place = rows.groupby(number).cumcount().to_numpy()
    cost = rows["cost"].fillna(0.0)
    by = rows.assign(cost=cost, extra=cost.where(place > 0, 0.0)).groupby(number)
    last = rows[["resolved", "mark"]].iloc[by.size().cumsum().to_numpy() - 1].reset_index(drop=True)
    found = pd.DataFrame(
        {
            "client_id": by["client_id"].first(),
            "topic": by["topic"].first(),
            "channel": by["channel"].first(),
            "contacts": by.size(),
            "begun": by["day"].min(),
            "ended": by["day"].max(),
            "cost": by["cost"].sum(),
            "extra": by["extra"].sum(),
        }
    ).reset_index(drop=True)
    low = last["mark"] <= LOW_MARK
    well = ((last["resolved"] == 1) & ~low).astype(float)
    known = last["resolved"].notna() | low
    found["well"] = well.where(known)
    found["path"] = _paths(rows, np.asarray(number, np.int64), np.asarray(place, np.int64))
    return found


def _paths(rows: pd.DataFrame, number: npt.NDArray[np.int64], place: npt.NDArray[np.int64]) -> pd.Series:
    """Return the channels of each matter in their order, at most ``LONGEST`` of them and a sign that more follow."""
    channel = rows["channel"].astype(str).to_numpy(object)
    count = int(number.max()) if len(number) else 0
    told = np.full(count, "", dtype=object)
    for k in range(LONGEST + 1):
        at = number[place == k] - 1
        more = channel[place == k] if k < LONGEST else MORE
        told[at] = told[at] + (SEPARATOR if k else "") + more
    return pd.Series(told)


def followed(found: pd.DataFrame, filed: pd.DataFrame | None, end: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return the matters that are over, with complained and ordinary (0 or 1; nan without records of complaints).

    ``filed``: client_id, filed_on. Only matters are kept of which the ordinary span had ended too by ``end``, and
    before the client left (``until``).
    """
    span = pd.Timedelta(days=days)
    over = found["ended"] + span
    length = over - found["begun"]
    later = over + LATER * span
    last = later + length
    kept = (last <= end) & (found["until"].isna() | (last <= found["until"]))
    found = found[kept].reset_index(drop=True)
    over, later, last = (f[kept].reset_index(drop=True) for f in (over, later, last))
    if filed is None:
        return found.assign(complained=np.nan, ordinary=np.nan)
    return found.assign(
        complained=_any(filed, found["client_id"], found["begun"], over),
        ordinary=_any(filed, found["client_id"], later, last),
    )


def _any(filed: pd.DataFrame, client: pd.Series, first: pd.Series, last: pd.Series) -> Floats:
    """Return whether the client (n) filed a complaint from the first day (n) to the last one."""
    ids = pd.Index(pd.concat([filed["client_id"], client]).unique())
    origin = pd.Timestamp("1970-01-01")

    def key(who: pd.Series, day: pd.Series) -> npt.NDArray[np.int64]:
        return ids.get_indexer(pd.Index(who)) * 1_000_000 + ((day - origin) // pd.Timedelta(days=1)).to_numpy(np.int64)

    every = np.sort(key(filed["client_id"], filed["filed_on"]))
    low, high = np.searchsorted(every, key(client, first)), np.searchsorted(every, key(client, last), side="right")
    return (high > low).astype(float)


def measure(found: pd.DataFrame, days: int, currency: str, basis: str) -> Paths:
    """Measure paths, and topics by first channel; ``found`` as from ``followed``, with worth (currency a year)."""
    steps = list(_path(ALL, found, currency))
    several = found[found["contacts"] > 1]
    dear = several.groupby("path")["extra"].sum().sort_values(ascending=False, kind="stable")
    told = [str(p) for p in dear.index[:TOLD_PATHS]]
    for path in told:
        steps += list(_path(path, several[several["path"] == path], currency))
    judged = found[found["well"].notna()]
    pains = [s for _, own in judged.groupby(["topic", "channel"], sort=True) for s in _pain(own, currency)]
    worst = [s.of for s in sorted(pains, key=_size, reverse=True) if s.measure == PAIN][:TOLD_PAINS]
    pains = [s for of in worst for s in pains if s.of == of]
    volume = found.groupby("path").size().rename("matters").reset_index()
    hits = judged.groupby(["topic", "channel"]).size().rename("matters").reset_index()
    heaviest = [(t, c) in worst for t, c in zip(hits["topic"], hits["channel"], strict=True)]
    hits = hits[np.array(heaviest, dtype=bool)]
    return Paths(tuple(steps), tuple(pains), volume[volume["path"].isin(told)], hits, basis, days)


def _size(step: Step) -> float:
    return step.found.value if isinstance(step.found, Estimate) else -1.0


def _path(path: str, own: pd.DataFrame, currency: str) -> Iterator[Step]:
    if own.empty:
        return
    measures = [(ENDED_WELL, own["well"], "share"), (COST, own["cost"], "money")]
    measures += [(name, own[name], "share") for name in (COMPLAINED, ORDINARY)]
    if path == ALL:
        measures.append((AT_ONCE, ((own["contacts"] == 1) & (own["well"] == 1)).astype(float), "share"))
    for name, values, unit in measures:
        known = values.notna()
        if known.any():
            yield _mean((path,), name, values[known], own[known], unit)
    yield _sum((path,), EXTRA, own["extra"], own, currency)


def _pain(own: pd.DataFrame, currency: str) -> Iterator[Step]:
    of = str(own["topic"].iloc[0]), str(own["channel"].iloc[0])
    unhappy = 1.0 - own["well"]
    yield _mean(of, UNHAPPY, unhappy, own, "share")
    yield _sum(of, PAIN, unhappy * own["worth"], own, currency)


def _mean(of: tuple[str, ...], name: str, values: pd.Series, own: pd.DataFrame, unit: str) -> Step:
    never = not values.any()
    client = own["client_id"].to_numpy(str)
    found = ratio_of_sums(values, np.ones(len(own)), cluster=client, unit=unit, positive=never)
    clients, matters = int(own["client_id"].nunique()), len(own)
    if unit != "share":
        return Step(of, name, found, clients, matters)
    if isinstance(found, Estimate):
        found = replace(found, low=max(found.low, 0.0), high=min(found.high, 1.0))
    # A share rests on the fewer of those it is and is not true of; where it is true of none (all), on all of them.
    fewer = int(min(values.sum(), matters - values.sum()))
    return Step(of, name, found, clients, fewer or matters)


def _sum(of: tuple[str, ...], name: str, values: pd.Series, own: pd.DataFrame, currency: str) -> Step:
    """Return a sum with its interval by client, and the sizes of what single clients add to it."""
    client = own["client_id"].to_numpy(str)
    mean = ratio_of_sums(values, np.ones(len(own)), cluster=client, unit=currency)
    size = np.sort(values.groupby(client).sum().abs().to_numpy(float))[::-1]
    size = size[size > 0]
    sizes = (float(size[0]) if len(size) else 0.0, float(size[1]) if len(size) > 1 else 0.0, float(size.sum()))
    return Step(of, name, scaled(mean, float(len(own))), len(size), int((values > 0).sum()), sizes)
