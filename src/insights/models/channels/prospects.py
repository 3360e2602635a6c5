"""Open prospects: the chance that each joins within half a year, what he would bring, and how good such chances were.

Every three months in the past shows who was open then and who had joined half a year later. Of prospects a bank knows
the source and the steps they took; what a client of a source brings in his first year says what one of them would.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.channels.sources import first_years
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable
from insights.stats.shrunken_means import shrunken_means

NEEDS = ("prospects.aware_on", "prospects.decided_on", "prospects.client_id")
MONTHS, STEP = 6, 3
"""The chance is that of joining within so many months; the past is looked at every so many months."""
BACK = 60
TRIALS = 3
"""Dates of which the outcome is known, the latest, on which chances made from what was known then are tried."""
FIFTHS = 5
LONGEST = 36
FEWEST_OF_SOURCE, FEWEST_MARGINS = 10, 20
"""Joinings without which a source has no chance of its own, and clients without which it has no value of its own."""
OTHER = "not recorded"
FIRST, RULE, ALL, GAIN, RATIO = "first", "rule", "all", "gain", "ratio"
"""Share that joined: of the fifth with the highest chance, of as many by the simple rule, of all; the first less the
second; and those who joined over those foretold."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """The likeliest fifth at the trials, or all others: ``foretold`` and ``joined`` shares of ``prospects``."""

    likeliest: bool
    foretold: float
    joined: Estimate | NotEstimable
    prospects: int
    events: int


@dataclass(frozen=True)
class Scored:
    """Open prospects and how good such scores were.

    ``rows``: prospect_id, source (``OTHER`` if not recorded), aware_on, considered_on, chance, value (margin of
    a first year; nan where the bank tells none) and expected (chance times value), the highest expected value (else
    chance) first. ``joining``: how many of them will join, by source and in all (""). ``values``: mean margin of a
    first year by source, drawn towards that of all as far as chance may have made them differ, from the clients of
    ``won`` (their number; largest, second largest and sum of margins). ``trial`` by measure, ``groups`` (see
    ``Group``), of ``dates``; ``tried`` prospects of whom ``came`` joined.
    """

    rows: pd.DataFrame = field(repr=False)
    joining: dict[str, Estimate]
    values: dict[str, float]
    won: dict[str, tuple[int, tuple[float, float, float]]]
    trial: dict[str, Estimate | NotEstimable]
    groups: tuple[Group, ...]
    dates: tuple[date, ...]
    tried: int
    came: int


def scored(bank: Bank) -> Scored | NotEstimable:
    """Return the open prospects with their chances, made once per bank; needs ``NEEDS``."""
    return once(bank, "prospects_scored", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Scored | NotEstimable:
    told = bank.table("prospects")
    names = ["prospect_id", "aware_on", "considered_on", "decided_on", "acquisition_source", "client_id"]
    present = [n for n in names if n in told.columns]
    people = told.select(*present).order_by("prospect_id").execute().reindex(columns=names)
    years = pd.DataFrame({"source": [], "margin": []})
    if bank.has("prospects", "acquisition_source") and bank.has("clients", "acquisition_source"):
        years = first_years(bank)
    return score(people, pd.Timestamp(bank.as_of), years)


def score(people: pd.DataFrame, end: pd.Timestamp, years: pd.DataFrame) -> Scored | NotEstimable:
    """Score the prospects open at ``end`` (``people`` as in the table of prospects, one row each); see ``Scored``.

    ``years``: source and margin of the first year of clients won (see ``values_of``).
    """
    values = values_of(years)
    people = people.assign(**{n: pd.to_datetime(people[n]) for n in ("aware_on", "considered_on", "decided_on")})
    source = people["acquisition_source"].astype(object)
    people["source"] = source.where(source.notna(), OTHER)
    past = [end - pd.DateOffset(months=k) for k in range(MONTHS, BACK, STEP)]
    past = [day for day in past if day > people["aware_on"].min()]
    if not past:
        return NotEstimable(f"no prospect was known {MONTHS} months ago")
    frame = at_dates(people, past)
    model = fitted(frame)
    if isinstance(model, NotEstimable):
        return model
    now = at_dates(people, [end])
    if now.empty:
        return NotEstimable("no prospect is open")
    chance = chances(model, now)
    rows = people.loc[now["row"], ["prospect_id", "source", "aware_on", "considered_on"]]
    rows["considered_on"] = rows["considered_on"].where(rows["considered_on"] <= end)
    worth = now["source"].map(values).astype(float).fillna(values.get("", np.nan)).to_numpy()
    rows = rows.assign(chance=chance, value=worth, expected=chance * worth)
    by = "expected" if values else "chance"
    joining = {"": joining_of(model, now)}
    joining |= {str(s): joining_of(model, now[now["source"] == s]) for s in sorted(now["source"].unique())}
    rows = rows.sort_values([by, "prospect_id"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return Scored(rows, joining, values, contributions(years) if values else {}, *_tried(frame, past))


def at_dates(people: pd.DataFrame, days: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Return one row per date and prospect open on it: row, day, source, considered, age, since (months), joined.

    Age counts from the first contact, since from the first serious talk (0 without one). Joined: within ``MONTHS``.
    """
    aware, considered, decided = (
        people[n].to_numpy("datetime64[D]") for n in ("aware_on", "considered_on", "decided_on")
    )
    won = people["client_id"].notna().to_numpy()
    source = people["source"].to_numpy(object)
    parts = []
    for day in days:
        at = np.datetime64(day.date())
        until = np.datetime64((day + pd.DateOffset(months=MONTHS)).date())
        # What is not dated compares as false: who has not decided is open.
        open_ = np.flatnonzero((aware <= at) & ~(decided <= at))
        talked = considered[open_] <= at
        months = [(at - since[open_]).astype(float) // 30.4375 for since in (aware, considered)]
        parts.append(
            pd.DataFrame(
                {
                    "row": open_,
                    "day": day,
                    "source": source[open_],
                    "considered": talked.astype(float),
                    "age": months[0],
                    "since": np.where(talked, months[1], 0.0),
                    "joined": (won[open_] & (decided[open_] <= until)).astype(float),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def fitted(frame: pd.DataFrame, *, inference: bool = True) -> HazardModel | NotEstimable:
    """Fit the chance of joining (rows as of ``at_dates``): logit, errors by prospect."""
    came = frame.groupby("source")["joined"].sum()
    levels = tuple(str(s) for s in sorted(came.index[came >= FEWEST_OF_SOURCE]))[1:]
    design = _design(frame, levels)
    design = design.loc[:, design.nunique() > 1]
    who = frame["row"].to_numpy()
    return discrete_hazard(design, frame["joined"], link="logit", cluster=who, inference=inference)


def _design(frame: pd.DataFrame, levels: Sequence[str]) -> pd.DataFrame:
    # Who takes no step for long hardly ever does: more than a logarithm says, and the same from three years on.
    talked = frame["considered"]
    columns = {
        "considered": talked,
        "age": np.log1p(frame["age"]),
        "years": np.minimum(frame["age"], LONGEST) / 12,
        "since": talked * np.log1p(frame["since"]),
        "years_since": talked * np.minimum(frame["since"], LONGEST) / 12,
    }
    return pd.DataFrame(columns | {f"source:{s}": (frame["source"] == s).astype(float) for s in levels})


def _columns(model: HazardModel, frame: pd.DataFrame) -> pd.DataFrame:
    levels = [n.removeprefix("source:") for n in model.names if n.startswith("source:")]
    return _design(frame, levels)[list(model.names)]


def chances(model: HazardModel, frame: pd.DataFrame) -> Floats:
    """Return the chance (n) of joining within ``MONTHS`` of rows as of ``at_dates``."""
    return model.predict(_columns(model, frame))


def joining_of(model: HazardModel, now: pd.DataFrame) -> Estimate:
    """Return how many of these will join: their chances added up; chance itself and the error of the fit apart."""
    design, p = _columns(model, now), chances(model, now)
    total, slope = float(p.sum()), p * (1 - p)
    pull = np.append(slope.sum(), slope @ design.to_numpy(float))
    sd = float(np.sqrt(slope.sum() + pull @ model.covariance @ pull))
    return Estimate(total, max(total - 1.96 * sd, 0.0), total + 1.96 * sd, "prospects", len(now), None, 0.95, sd)


def _tried(
    frame: pd.DataFrame, past: Sequence[pd.Timestamp]
) -> tuple[dict[str, Estimate | NotEstimable], tuple[Group, ...], tuple[date, ...], int, int]:
    """Make chances at past dates from what was known by then, and hold them against what came."""
    parts, dates = [], []
    for day in past[:TRIALS]:
        known = frame[frame["day"] <= day - pd.DateOffset(months=MONTHS)]
        model = fitted(known, inference=False) if len(known) else NotEstimable("nothing was known")
        if isinstance(model, NotEstimable):
            continue
        own = frame[frame["day"] == day].reset_index(drop=True)
        chance = chances(model, own)
        rule = np.argsort(np.where(own["considered"] > 0, own["since"], own["age"]), kind="stable")
        first = np.argsort(-chance, kind="stable")
        size = len(own) // FIFTHS
        picked = [np.isin(np.arange(len(own)), order[:size]).astype(float) for order in (first, rule)]
        parts.append(own.assign(chance=chance, first=picked[0], rule=picked[1]))
        dates.append(day.date())
    if not parts:
        never: Estimate | NotEstimable = NotEstimable("no earlier date has enough prospects before it to be tried")
        return dict.fromkeys((FIRST, RULE, ALL, GAIN, RATIO), never), (), (), 0, 0
    tried = pd.concat(parts, ignore_index=True)
    who, came = tried["row"].to_numpy(), tried["joined"].to_numpy()

    def share(y: Floats, x: Floats) -> Estimate | NotEstimable:
        return ratio_of_sums(y, x, cluster=who, unit="share")

    first_, rule_ = tried["first"].to_numpy(), tried["rule"].to_numpy()
    trial = {
        FIRST: share(came * first_, first_),
        RULE: share(came * rule_, rule_),
        ALL: share(came, np.ones(len(came))),
        GAIN: share(came * (first_ - rule_), first_),
        RATIO: ratio_of_sums(came, tried["chance"], cluster=who, unit="ratio"),
    }
    groups = []
    for likeliest in (True, False):
        own = tried[(tried["first"] > 0) == likeliest]
        if len(own):
            y, never_one = own["joined"], not own["joined"].any()
            one = ratio_of_sums(y, np.ones(len(own)), cluster=own["row"].to_numpy(), unit="share", positive=never_one)
            foretold = float(own["chance"].mean())
            groups.append(Group(likeliest, foretold, one, int(own["row"].nunique()), int(own["joined"].sum())))
    return trial, tuple(groups), tuple(dates), int(tried["row"].nunique()), int(came.sum())


def contributions(years: pd.DataFrame) -> dict[str, tuple[int, tuple[float, float, float]]]:
    """Return how many clients the values rest on by source and in all (""), and their largest margins without sign."""
    known = years.dropna(subset=["margin"])
    found = {}
    for source, own in (("", known), *known.groupby("source", sort=True)):
        size = np.sort(np.abs(own["margin"].to_numpy(float)))[::-1]
        second = float(size[1]) if len(size) > 1 else 0.0
        found[str(source)] = len(own), (float(size[0]), second, float(size.sum()))
    return {s: v for s, v in found.items() if s == "" or v[0] >= FEWEST_MARGINS}


def values_of(years: pd.DataFrame) -> dict[str, float]:
    """Return the mean margin of a first year by source, drawn towards each other, and of all (""); none without any.

    ``years``: source, margin (nan where a first year is not seen whole), one row per client won.
    """
    known = years.dropna(subset=["margin"])
    if len(known) < FEWEST_MARGINS:
        return {}
    found = {"": float(known["margin"].mean())}
    by = known.groupby("source", sort=True)["margin"].agg(["mean", "std", "size"])
    by = by[(by["size"] >= FEWEST_MARGINS) & (by["std"] > 0)]
    if len(by):
        means = shrunken_means(by["mean"], by["std"] / np.sqrt(by["size"])).means
        found |= dict(zip(by.index.astype(str), means.tolist(), strict=True))
    return found
