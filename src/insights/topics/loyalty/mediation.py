"""Whether satisfaction holds clients by way of loyalty, and how weak a hidden cause could make it look so."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.chain import NEEDS, Chain, chain
from insights.models.loyalty.followed import MONTHS
from insights.models.loyalty.worth import worth
from insights.stats.mediation import TO_MEDIATOR, Mediation
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import not_followed, refused

ID = "loyalty.mediation"
BREAKING = "breaking"
NAN = float("nan")


@dataclass(frozen=True)
class MediationRows:
    """``paths``: path (those of ``Mediation`` and "breaking"), value, low, high.

    ``hidden``: correlation, value, low, high: the path by way of loyalty if the errors were so correlated.
    """

    paths: pd.DataFrame
    hidden: pd.DataFrame


def mediation(bank: Bank) -> Answer | NotAvailable:
    """Split what goes with satisfaction in leaving into the part by way of stated loyalty and the rest."""
    if missing := (*missing_for_answers(bank), *bank.needs(*NEEDS)):
        return NotAvailable(ID, missing)
    told = worth(bank)
    if told.why_none:
        return refused(ID, told.why_none)
    if unknown := not_followed(ID, told):
        return unknown
    found = chain(bank)
    if isinstance(found.found, NotEstimable):
        return refused(ID, found.found.reason)
    evidence: dict[str, Evidence] = {
        "paths": Estimates(_paths(found, found.found), ("path",)),
        "hidden": Estimates(_hidden(found, found.found), ("correlation",)),
    }
    facts = {"months": MONTHS, "controls": list(found.controls), "cluster": found.cluster}
    return Answer(ID, ID, evidence, _rows, facts)


def _paths(found: Chain, told: Mediation) -> pd.DataFrame:
    rows = told.table[told.table["reason"] == ""][["path", "value", "low", "high"]]
    rows = rows.assign(unit=np.where(rows["path"] == TO_MEDIATOR, "points", "share"))
    if isinstance(told.breaking, Estimate):
        e = told.breaking
        last = {"path": BREAKING, "value": e.value, "low": e.low, "high": e.high, "unit": "correlation"}
        rows = pd.concat([rows, pd.DataFrame([last])], ignore_index=True)
    return rows.assign(n=float(found.clients), n_events=float(found.leavers))


def _hidden(found: Chain, told: Mediation) -> pd.DataFrame:
    rows = told.sensitivity.rename(columns={"indirect": "value"})
    return rows.assign(unit="share", n=float(found.clients), n_events=float(found.leavers))


def _rows(parts: dict[str, Evidence]) -> MediationRows:
    return MediationRows(*(cast(Estimates, parts[name]).rows for name in ("paths", "hidden")))
