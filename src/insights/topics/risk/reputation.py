"""Reputation: when complaints and bad mentions rose beyond chance, by charts with a stated interval of false alarms."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.charts import COMPLAINTS, MENTIONS, NEEDS, WEEKS_PER_MONTH, Charted, charted
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts
from insights.topics.risk.refusals import refused
from insights.topics.rows import estimates, plain

ID = "risk.reputation"
SERIES = (MENTIONS, COMPLAINTS)
DIMS = ("series", "began", "alarm", "last", "going_on")


@dataclass(frozen=True)
class Reputation:
    """Series and the outbreaks found in them.

    ``weeks``: series, week (complaints: month), count. ``outbreaks``: series, began, alarm, last, going_on, value
    (times what was expected); those that rest on too few are not in it.
    """

    weeks: pd.DataFrame
    outbreaks: pd.DataFrame


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
            "watched": round(len(c.found.table) / WEEKS_PER_MONTH),
        }
        for name, c in charts.items()
    }
    weeks = [_series(name, c.weeks) for name, c in charts.items()]
    rows = []
    for name, c in charts.items():
        for o in c.outbreaks:
            dims = {"series": name, "began": o.began.isoformat(), "alarm": o.alarm.isoformat()}
            dims |= {"last": o.last.isoformat(), "going_on": "yes" if o is c.burning() else "no"}
            rows.append(plain(o.count / o.expected, "ratio", o.count, o.count, **dims))
    cells = pd.concat(weeks, ignore_index=True)
    # Nobody can be told from public mentions; complaints are records of clients.
    evidence: dict[str, Evidence] = {
        "weeks": RowCounts(cells, ("series", "week"), ("count",), frozenset({MENTIONS})),
        "outbreaks": estimates(rows, *DIMS),
    }
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
    return Reputation(cast(RowCounts, parts["weeks"]).cells, rows)
