"""Satisfaction per channel: as it looks, and as it is for the same client and the same kind of matter."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.channels.contacts import UNKNOWN, YEARS, contacts
from insights.models.channels.satisfaction import NEEDS
from insights.models.channels.satisfaction import satisfaction as compared
from insights.models.channels.state import RATED
from insights.models.channels.state import state as measured
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.rows import NAN, estimates, line

ID = "channels.satisfaction"
DIMS = ("channel", "how")


@dataclass(frozen=True)
class SatisfactionRows:
    """``rows``: channel, how ("naive", "fair", "same": less the average contact; "rated": share who gave a mark)."""

    rows: pd.DataFrame


def satisfaction(bank: Bank) -> Answer | NotAvailable:
    """Tell how satisfied the same clients are in each channel, beside the plain means."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = compared(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    told = [c for c in found.compared if isinstance(c.found, Estimate)]
    if not told:
        return refused(ID, next(c.found.reason for c in found.compared if isinstance(c.found, NotEstimable)))
    lines: list[dict[str, Any]] = [
        {"channel": c.channel, "how": c.how} | line(c.found, c.clients, c.marks, unit="points") for c in told
    ]
    lines += [
        {"channel": m.channel, "how": RATED} | line(m.found, m.clients, m.contacts)
        for m in measured(bank).measured
        if m.measure == RATED and isinstance(m.found, Estimate)
    ]
    mean = Estimate(found.mean, NAN, NAN, "points", found.clients)
    lines.append({"channel": "", "how": "mean"} | line(mean, found.clients, found.marks))
    lines.append(
        {"channel": "", "how": "within"}
        | line(Estimate(found.within / found.clients, NAN, NAN, "share", found.clients), found.clients)
    )
    facts = {
        "years": YEARS,
        "weighted": found.weighted,
        "why": found.why,
        "effective": round(found.effective / found.marks, 2),
        "left_out": list(found.left_out),
        "by_topic": bool((contacts(bank).rows["topic"] != UNKNOWN).any()),
    }
    evidence: dict[str, Evidence] = {"rows": estimates(lines, *DIMS)}
    return Answer(ID, ID, evidence, lambda parts: SatisfactionRows(cast(Estimates, parts["rows"]).rows), facts)
