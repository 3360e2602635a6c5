"""Reputation: when complaints and bad mentions rose beyond chance, by charts with a stated interval of false alarms."""

from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.charts import COMPLAINTS, MENTIONS, NEEDS, WEEKS_PER_MONTH, Charted, charted
from insights.models.risk.complaint_topics import BEFORE as EARLIER
from insights.models.risk.complaint_topics import NEEDS as TOPIC_NEEDS
from insights.models.risk.complaint_topics import NOW, complaint_topics
from insights.stats.multiplicity import holm
from insights.stats.rate_ratio import rate_ratio
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, Facts, NotAvailable, RowCounts
from insights.topics.risk.refusals import refused
from insights.topics.rows import NAN, estimates, plain

ID = "risk.reputation"
SERIES = (MENTIONS, COMPLAINTS)
TOPICS = "topics"
SUM, MEAN = "sum", "mean"
DIMS = ("series", "began", "alarm", "last", "going_on", "mean_alarm", "chart")


@dataclass(frozen=True)
class Reputation:
    """Series and the outbreaks found in them.

    ``weeks``: series, week (complaints: month), count. ``outbreaks``: series, began, alarm, last, going_on, mean_alarm
    (first alarm of the weighted mean, "" without), value (times what was expected); those that rest on too few are not
    in it. ``mean_only``: the same of rises that the weighted mean alone found. ``topics``: topic, now, before
    (complaints in twelve months), value, low, high (times as many per client), p (Holm), None where complaints have no
    topics.
    """

    weeks: pd.DataFrame
    outbreaks: pd.DataFrame
    topics: pd.DataFrame | None = None
    mean_only: pd.DataFrame = field(default_factory=pd.DataFrame)


def reputation(bank: Bank) -> Answer | NotAvailable:
    """Tell which rises of complaints and bad mentions the charts found, when they began, and when they ended."""
    asked = [series for series in SERIES if not bank.needs(*NEEDS[series])]
    if not asked:
        return NotAvailable(ID, (tuple(need for series in SERIES for need in NEEDS[series]),))
    evidence, facts = reputation_evidence(bank)
    if not evidence:
        return refused(ID, next(iter(facts["refused"].values())))
    return Answer(ID, ID, evidence, reputation_rows, facts)


def reputation_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the charts as evidence, empty where none can be drawn, and how they are designed."""
    charts: dict[str, Charted] = {}
    why: dict[str, str] = {}
    missing: dict[str, list[str]] = {}
    for series in SERIES:
        if lacking := bank.needs(*NEEDS[series]):
            missing[series] = list(lacking)
        elif isinstance(found := charted(bank, series), NotEstimable):
            why[series] = found.reason
        else:
            charts[series] = found
    facts: dict[str, Any] = {"refused": why, "missing": missing, "rise": bank.settings.risk.rise}
    if not charts:
        return {}, facts
    facts["designs"] = {
        name: {
            "every": round(c.every / WEEKS_PER_MONTH),
            "delay": round(c.delay, 1),
            "most": c.delay_most,
            "mean_delay": round(c.mean_delay, 1),
            "watched": round(len(c.found.table) / WEEKS_PER_MONTH),
        }
        for name, c in charts.items()
    }
    weeks = [_series(name, c.weeks) for name, c in charts.items()]
    rows = []
    for name, c in charts.items():
        for o in (*c.outbreaks, *c.mean_only):
            dims = {"series": name, "began": o.began.isoformat(), "alarm": o.alarm.isoformat()}
            dims |= {"last": o.last.isoformat(), "going_on": "yes" if o is c.burning() else "no"}
            dims |= {"mean_alarm": o.second.isoformat() if o.second else "", "chart": MEAN if o in c.mean_only else SUM}
            rows.append(plain(o.count / o.expected, "ratio", o.count, o.count, **dims))
    cells = pd.concat(weeks, ignore_index=True)
    # Nobody can be told from public mentions; complaints are records of clients.
    evidence: dict[str, Evidence] = {
        "weeks": RowCounts(cells, ("series", "week"), ("count",), frozenset({MENTIONS})),
        "outbreaks": estimates(rows, *DIMS),
    }
    if not bank.needs(*TOPIC_NEEDS) and (told := complaint_topics(bank)).whole:
        evidence["topics"] = RowCounts(told.counts, ("topic", "period"), ("complaints",))
        # By how much the number of clients grew, in hundredths: no number of clients follows from it.
        growth = round(told.clients[NOW] / max(told.clients[EARLIER], 1.0), 2)
        evidence["growth"] = Facts(pd.DataFrame({"growth": [growth]}))
    else:
        facts["missing"] |= {TOPICS: list(bank.needs(*TOPIC_NEEDS))} if bank.needs(*TOPIC_NEEDS) else {}
    return evidence, facts


def _series(name: str, weeks: pd.DataFrame) -> pd.DataFrame:
    """Return series, week (ISO), count; complaints by month, where single weeks would be too few to be told."""
    when = weeks["week"].dt.strftime("%Y-%m-%d" if name == MENTIONS else "%Y-%m-01")
    sums = weeks["count"].groupby(when).sum().round().astype(int)
    if name == COMPLAINTS:
        sums = sums.iloc[1:-1]  # the weeks at both ends do not fill their months
    return pd.DataFrame({"series": name, "week": list(sums.index), "count": sums.to_numpy()})


def reputation_rows(parts: dict[str, Evidence]) -> Reputation:
    """Return the charts from (protected) evidence."""
    rows = cast(Estimates, parts["outbreaks"]).rows
    if "status" in rows:
        rows = rows[rows["status"] == "shown"].reset_index(drop=True)
    topics = None
    if "topics" in parts:
        growth = float(cast(Facts, parts["growth"]).table["growth"].iloc[0])
        topics = _topics(cast(RowCounts, parts["topics"]).cells, growth)
    by_sum, by_mean = (rows[rows["chart"] == chart].reset_index(drop=True) for chart in (SUM, MEAN))
    return Reputation(cast(RowCounts, parts["weeks"]).cells, by_sum, topics, by_mean)


def _topics(cells: pd.DataFrame, growth: float) -> pd.DataFrame:
    """Return topic, now, before, value, low, high, p of the complaints by topic, from counts as they may be told."""
    wide = cells.pivot(index="topic", columns="period", values="complaints")
    rows = []
    for topic, own in wide.iterrows():
        now, before = float(own[NOW]), float(own[EARLIER])
        row = {"topic": str(topic), "now": now, "before": before, "value": NAN, "low": NAN, "high": NAN, "p": NAN}
        if now + before > 0:  # neither is withheld
            ratio, test = rate_ratio(now, growth, before, 1.0)
            row |= {"value": ratio.value, "low": ratio.low, "high": ratio.high, "p": test.p_value}
        rows.append(row)
    told = pd.DataFrame(rows)
    return told.assign(p=holm(told["p"].to_numpy(float))).sort_values(["now", "topic"], ascending=[False, True])
