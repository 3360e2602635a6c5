"""Service quality: how many clients are likely to complain within three months, and whether anything tells who."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.desk import LOT, SCORE, chosen
from insights.models.risk.service import AHEAD, FIRST, NAMES, NEEDS, Service
from insights.models.risk.service import service as measured
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.risk.refusals import refused
from insights.topics.rows import estimates, line

ID = "risk.service"
EXPECTED, AREA, RATIO, CAPTURED, EFFECT = "expected_complaints", "auc", "ratio", "captured", "odds_ratio"
LIST = "likely_complaints"
LOW_MARK = -0.3
"""A mean mark that is so far below that of all clients is named as a reason."""


@dataclass(frozen=True)
class Quality:
    """``rows``: measure, of (a feature, or ""), value, low, high."""

    rows: pd.DataFrame


def service(bank: Bank) -> Answer | NotAvailable:
    """Tell how many clients are likely to complain within three months, and how well earlier quarters were foretold."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence: dict[str, Evidence] = {"rows": estimates(_lines(found), "measure", "of")}
    facts: dict[str, Any] = {"months": AHEAD, "share": FIRST, "tells": tells(found), "checks": [found.check]}
    return Answer(ID, ID, evidence, service_rows, facts)


def tells(found: Service) -> bool:
    """Whether the past tells who complains, beyond chance."""
    return isinstance(found.area, Estimate) and found.area.low > 0.5


def _lines(found: Service) -> list[dict[str, Any]]:
    chance = found.today["chance"].to_numpy(float)
    number, off = float(chance.sum()), 0.0
    if isinstance(found.ratio, Estimate) and found.ratio.se is not None:
        off = found.ratio.se / found.ratio.value  # how well the level of last year was known
    half = normal_quantile(0.95) * float(np.sqrt((chance * (1 - chance)).sum() + (number * off) ** 2))
    told = Estimate(number, max(number - half, 0.0), number + half, "clients", len(chance), found.came)
    rows = [{"measure": EXPECTED, "of": ""} | line(told, len(chance), found.came)]
    for measure, score in ((AREA, found.area), (RATIO, found.ratio), (CAPTURED, found.first)):
        rows.append({"measure": measure, "of": ""} | line(score, found.n, found.came))
    for effect in found.effects.to_dict("records"):
        name = effect["name"]
        if name in NAMES:
            value, low, high = (float(np.exp(effect[end])) for end in ("estimate", "low", "high"))
            told = Estimate(value, low, high, "ratio", found.n, found.came)
            rows.append({"measure": EFFECT, "of": str(name)} | line(told, found.n, found.came))
    return rows


def service_rows(parts: dict[str, Evidence]) -> Quality:
    """Return the answer from (protected) evidence."""
    return Quality(cast(Estimates, parts["rows"]).rows)


def likely_complaints(bank: Bank) -> pd.DataFrame | None:
    """Return the clients to call before they complain, and a few by lot; None where nothing tells who will complain.

    Columns: client_id, rm_id, rank (within each manager), drawn_by ("score" or "lot"), chance_3m_pct, because (codes
    with commas between).
    """
    if bank.needs(*NEEDS) or isinstance(found := measured(bank), NotEstimable) or not tells(found):
        return None
    rules = bank.settings.risk.desks.complaints
    stake = found.today["chance"] * rules.complaint_cost
    called = chosen(found.today["client_id"], stake, rules, LIST, AHEAD)
    rows = found.today.assign(drawn_by=np.where(called.case, SCORE, LOT))[called.case | called.lot]
    rows = rows.sort_values(["chance", "client_id"], ascending=[False, True], ignore_index=True)
    why = {
        "complained": rows["complained_12m"] > 0,
        "unsettled": rows["log2_unsettled_3m"] > 0,
        "low_marks": rows["mark_12m"] < LOW_MARK,
    }
    rows["because"] = [",".join(code for code, own in why.items() if own.iloc[k]) for k in range(len(rows))]
    rows["chance_3m_pct"] = (100 * rows["chance"]).round(1)
    rows = rows.sort_values(["rm_id", "chance", "client_id"], ascending=[True, False, True], ignore_index=True)
    rows["rank"] = rows.groupby("rm_id", dropna=False).cumcount() + 1
    return rows[["client_id", "rm_id", "rank", "drawn_by", "chance_3m_pct", "because"]]
