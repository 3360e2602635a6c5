"""Large outflows as events of their own, dormancy beside them, and what follows from both."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.households import household_of, household_table
from insights.models.months import NEEDS, SpellMonths, spell_months
from insights.models.outflow_events import Events, clients_of, dormancy_events, money_taken, outflow_events
from insights.models.stages import asleep_months
from insights.stats.counts import risk_table
from insights.stats.incidence import cumulative_incidence_from_counts
from insights.stats.ratios import difference_of, ratio_of_sums
from insights.stats.recurrent import mean_cumulative_count
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    RiskCounts,
    money_sums,
    with_households,
)
from insights.topics.lifecycle.refusals import NO_ACTIVITY, WINDOW, refused

YEAR = 12
BESIDE = (0.20, 0.50)
"""Thresholds that are always shown beside that of the settings."""
NONE = "none"
DORMANT = "dormant"
AWAKE = "active"
LEFT = "left"
TOGETHER = "together"
SINCE_JOINING = (12, 24, 36, 60, 120)
PER_CENTURY = 1200.0
"""Months in 100 client-years."""


def outflows(bank: Bank) -> Answer | NotAvailable:
    """Count the clients with a large outflow in the last twelve months and what they took out, by its size."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.outflows", missing)
    months, rules = spell_months(bank), bank.settings.lifecycle
    last = months.months - 1
    span = slice(max(last - YEAR + 1, 0), last + 1)
    client, names = clients_of(months), bands(bank)
    observed = outflow_events(months, rules, rules.outflow_share).exposed[:, span].any(axis=1)
    worst = np.full(int(client.max(initial=-1)) + 1, -1)
    np.maximum.at(worst, client[observed], 0)
    taken = np.zeros(len(worst))
    money = money_taken(months, rules)[:, span]
    for k, share in enumerate(thresholds(bank), start=1):
        at = outflow_events(months, rules, share).at[:, span]
        some = np.flatnonzero(at.any(axis=1))
        # Of a client in several bands only the outflows of the highest count: they hold those of the lower ones.
        amount = np.bincount(client[some], np.where(at, money, 0.0)[some].sum(axis=1), len(worst))
        hit = np.bincount(client[some], minlength=len(worst)) > 0
        worst[hit], taken[hit] = k, amount[hit]
    frame = pd.DataFrame(
        {"band": np.array([NONE, *names], dtype=object)[worst[worst >= 0]], "taken": taken[worst >= 0]}
    )
    frame["household"] = _homes(bank, months)[worst >= 0]
    cells = [{"band": band, "clients": int((frame["band"] == band).sum())} for band in (NONE, *names)]
    evidence: dict[str, Evidence] = {"clients": with_households(pd.DataFrame(cells), frame, ("band",))}
    if (frame["band"] != NONE).any():
        evidence["money"] = money_sums(frame[frame["band"] != NONE], ("band",), "taken", everybody=True)
    return Answer(
        id="lifecycle.outflows",
        kind="lifecycle.outflows",
        evidence=evidence,
        estimate=lambda evidence: {name: cast(ClientCounts | MoneySums, e).cells for name, e in evidence.items()},
        facts={"start": add_months(bank.as_of, -YEAR), **_words(bank)},
    )


def outflow_rates(bank: Bank) -> Answer | NotAvailable:
    """Estimate how often large outflows happen: per 100 client-years, and on average by time since joining."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.outflow_rates", missing)
    months, rules = spell_months(bank), bank.settings.lifecycle
    last = months.months - 1
    kinds: dict[str, Events] = {band_name(s): outflow_events(months, rules, s) for s in thresholds(bank)}
    if (asleep := dormancy_events(bank, months)) is not None:
        kinds[DORMANT] = asleep
    rows, untold = [], {}
    for name, events in kinds.items():
        for measure, first in (("rate_year", last - YEAR + 1), ("rate", 0)):
            by = events.totals(first, last)
            e = ratio_of_sums(
                by["events"],
                by["months"] / PER_CENTURY,
                unit="per 100 client-years",
                positive=True,
                n_events=int(by["events"].sum()),
            )
            if isinstance(e, Estimate):
                rows.append(_row(name, measure, 0, e))
            else:
                untold[name] = e.reason
        if name == DORMANT:
            continue
        curve = mean_cumulative_count(*events.stretches())
        for horizon, count in zip(SINCE_JOINING, curve.at(SINCE_JOINING), strict=True):
            if isinstance(count, Estimate):
                rows.append(_row(name, "count", horizon, count))
    return Answer(
        id="lifecycle.outflow_rates",
        kind="lifecycle.outflow_rates",
        evidence={"rates": Estimates(pd.DataFrame(rows, columns=COLUMNS), ("event", "measure", "months"))},
        estimate=lambda evidence: cast(Estimates, evidence["rates"]).rows,
        facts={"refused": untold, "dormant_months": rules.stages.dormant_months, **_words(bank)},
    )


def outflow_then_exit(bank: Bank) -> Answer | NotAvailable:
    """Estimate how many of those with a large outflow left within a year after, against those without."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.outflow_then_exit", missing)
    months, rules = spell_months(bank), bank.settings.lifecycle
    marks = landmarks(months)
    if not marks:
        return refused("lifecycle.outflow_then_exit", WINDOW, 2 * YEAR + 1)
    level = np.zeros(months.net_share.shape, dtype=np.int8)
    for k, share in enumerate(thresholds(bank), start=1):
        level[outflow_events(months, rules, share).at] = k
    names = (NONE, *bands(bank))
    followed = _followed(months, {m: level[:, m - YEAR + 1 : m + 1].max(axis=1) for m in marks}, names)
    few = followed.groupby("group")["left"].agg(["size", "sum"]).reindex(names).fillna(0)
    least = bank.settings.disclosure.min_clients
    apart = bool((few[["size", "sum"]] >= 2 * least).all(axis=None))
    if not apart:
        # Too few for a line of each size: with and without one of the size of the settings.
        usual = bands(bank)[thresholds(bank).index(rules.outflow_share) :]
        followed["group"] = np.where(followed["group"].isin(usual), band_name(rules.outflow_share), NONE)
    together = bands(bank)[thresholds(bank).index(rules.outflow_share) :] if apart else ()
    facts = {"apart": apart, "together": together, **_words(bank)}
    return _exit_answer(bank, "lifecycle.outflow_then_exit", followed, NONE, facts)


def dormancy_then_exit(bank: Bank) -> Answer | NotAvailable:
    """Estimate how many of the dormant left within a year after, against those who are not dormant."""
    if missing := _missing(bank):
        return NotAvailable("lifecycle.dormancy_then_exit", missing)
    months = spell_months(bank)
    marks = landmarks(months)
    if not marks:
        return refused("lifecycle.dormancy_then_exit", WINDOW, 2 * YEAR + 1)
    if months.active is None:
        return refused("lifecycle.dormancy_then_exit", NO_ACTIVITY)
    asleep = asleep_months(months, bank.settings.lifecycle.stages)
    followed = _followed(months, {m: asleep[:, m].astype(np.int8) for m in marks}, (AWAKE, DORMANT))
    facts = {"dormant_months": bank.settings.lifecycle.stages.dormant_months}
    return _exit_answer(bank, "lifecycle.dormancy_then_exit", followed, AWAKE, facts)


@dataclass(frozen=True)
class After:
    """Who left within a year of a landmark: the share of one group, and how much higher than in the reference."""

    group: str
    share: Estimate | NotEstimable
    difference: Estimate | NotEstimable | None


def thresholds(bank: Bank) -> list[float]:
    """Return the shares that count as large, ascending: that of the settings, 20 % and 50 %."""
    return sorted({*BESIDE, bank.settings.lifecycle.outflow_share})


def bands(bank: Bank) -> tuple[str, ...]:
    """Return the names of the thresholds, each standing for outflows from it up to the next one."""
    return tuple(band_name(share) for share in thresholds(bank))


def band_name(share: float) -> str:
    """Return a threshold as text: 30 for 30 %."""
    return f"{100 * share:g}"


def landmarks(months: SpellMonths) -> list[int]:
    """Return the columns at whose month ends clients are sorted: yearly, a year before the as-of date the last."""
    last = months.months - 1
    return list(range(last - YEAR, YEAR - 1, -YEAR))


def _followed(months: SpellMonths, exposure: dict[int, np.ndarray], names: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per landmark and client in force then: group, client, months until he left or the year was over.

    Only clients of whom the year before is known; the years do not overlap, so nobody is at risk twice in a month.
    """
    client, found = clients_of(months), []
    for mark, level in exposure.items():
        there = (months.first <= mark - YEAR) & (months.last > mark)
        there |= (months.first <= mark - YEAR) & (months.last == mark) & ~months.left
        rows = np.flatnonzero(there)
        since = months.last[rows] - mark
        found.append(
            pd.DataFrame(
                {
                    "group": np.array(names, dtype=object)[level[rows]],
                    "client": client[rows],
                    "time": np.minimum(since, YEAR).astype(float),
                    "left": months.left[rows] & (since <= YEAR),
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def _homes(bank: Bank, months: SpellMonths) -> np.ndarray:
    """Return the household of each code of ``clients_of``, which counts clients in the order of their relationships."""
    return household_of(bank, months.spells["client_id"].drop_duplicates())


def _exit_answer(bank: Bank, name: str, followed: pd.DataFrame, reference: str, facts: dict[str, Any]) -> Answer:
    followed = followed.assign(household=_homes(bank, spell_months(bank))[followed["client"]])
    time, left, group = (
        followed["time"].to_numpy(),
        np.where(followed["left"], LEFT, ""),
        followed["group"].to_numpy(str),
    )
    counts = risk_table(time, left, group=group)
    homes = household_table(time, left, followed["household"], group=group)
    units = (
        followed.groupby("group").agg(units=("client", "nunique"), households=("household", "nunique")).reset_index()
    )

    def after(evidence: dict[str, Evidence]) -> list[After]:
        told = cast(RiskCounts, evidence["exits"])
        counts = pd.concat([told.counts, _together(told.counts, facts.get("together", ()))], ignore_index=True)
        curve = cumulative_incidence_from_counts(counts, blur=told.blur)
        groups = sorted(set(counts["group"].astype(str)))
        if LEFT not in curve.causes:
            return []
        share = {g: curve.at([YEAR], g, cause=LEFT)[0] for g in groups}
        base = share.get(reference)
        made = []
        for g in sorted(groups, key=lambda g: (g != reference, g)):
            e, gap = share[g], None
            if g != reference and isinstance(e, Estimate) and isinstance(base, Estimate):
                gap = difference_of(e, base)
            made.append(After(g, e, gap))
        return made

    return Answer(
        id=name,
        kind="lifecycle.then_exit",
        evidence={"exits": RiskCounts(counts, units, households=homes)},
        estimate=after,
        facts={"reference": reference, **facts},
    )


def _together(counts: pd.DataFrame, groups: tuple[str, ...]) -> pd.DataFrame:
    """Return the counts of several groups as one more, ``TOGETHER``; none where one of them is withheld."""
    part = counts[counts["group"].isin(groups)]
    times = [set(own["time"]) for _, own in part.groupby("group")]
    if len(groups) < 2 or len(times) < len(groups) or any(t != times[0] for t in times):
        return counts.iloc[:0]
    summed = part.groupby(["time", "cause"], as_index=False)[["at_risk", "events"]].sum()
    return summed.assign(group=TOGETHER)[list(counts.columns)]


COLUMNS = ["event", "measure", "months", "value", "low", "high", "unit", "n", "n_events"]


def _row(event: str, measure: str, months: int, e: Estimate) -> tuple[Any, ...]:
    events = np.nan if e.n_events is None else float(e.n_events)
    return (event, measure, months, e.value, e.low, e.high, e.unit, float(e.n), events)


def _words(bank: Bank) -> dict[str, Any]:
    rules = bank.settings.lifecycle
    return {"share": rules.outflow_share, "within": rules.outflow_months, "bands": bands(bank)}


def _missing(bank: Bank) -> tuple[str, ...]:
    missing = bank.needs("clients.joined_on", *NEEDS)
    return missing if bank.window_from else (*missing, "[window] complete_from")
