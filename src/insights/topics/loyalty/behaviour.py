"""What clients did in the year after they answered, and which factors go with it: the survey held against behaviour."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.followed import MONTHS, OUTCOMES
from insights.models.loyalty.worth import Worth, worth
from insights.stats.multiplicity import benjamini_hochberg
from insights.stats.pathway import IndexPath
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import not_followed, refused
from insights.topics.rows import NAN, row

ID = "loyalty.behaviour"
GAIN, THROUGH, DIRECT, MEAN = "gain", "through", "direct", "mean"
LEVEL = 0.05


@dataclass(frozen=True)
class Behaviour:
    """``rows``: outcome, factor ("" for all), how, value, low, high, p (adjusted, of "direct" only), n, n_events.

    How: "gain" is the change for one point more of loyalty as the factors predict it; "through" for one point of a
    factor by way of loyalty; "direct" for one point of a factor, free; "mean" is the outcome's mean.
    """

    rows: pd.DataFrame


def behaviour(bank: Bank) -> Answer | NotAvailable:
    """Tell which outcomes of the year after go with loyalty and with each factor."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found = worth(bank)
    if found.why_none:
        return refused(ID, found.why_none)
    if unknown := not_followed(ID, found):
        return unknown
    told = {o: p for o, p in found.paths.items() if isinstance(p, IndexPath)}
    if not told:
        return refused(ID, next(p.reason for p in found.paths.values() if isinstance(p, NotEstimable)))
    evidence: dict[str, Evidence] = {"rows": Estimates(_rows(found, told), ("outcome", "factor", "how"))}
    facts = {
        "months": MONTHS,
        "outcomes": list(told),
        "refused": {o: p.reason for o, p in found.paths.items() if isinstance(p, NotEstimable)},
        "missing": {o: list(needs) for o, needs in found.missing.items()},
        "restriction": {o: p.checks[0] for o, p in told.items()},
        "cluster": found.cluster,
        "factors": list(found.factors),
    }
    return Answer(ID, ID, evidence, lambda parts: Behaviour(cast(Estimates, parts["rows"]).rows), facts)


def _rows(found: Worth, told: dict[str, IndexPath]) -> pd.DataFrame:
    lines = []
    for outcome in (o for o in OUTCOMES if o in told):
        path = told[outcome]
        own = found.rows[found.rows[outcome].notna()]
        n = float(own["client_id"].nunique())
        some = own.loc[own[outcome] > 0, "client_id"].nunique() if set(own[outcome].unique()) <= {0.0, 1.0} else NAN
        mean = float(np.average(own[outcome], weights=own["weight"]))
        lines.append(row(mean, "share", n, float(some), outcome=outcome, factor="", how=MEAN))
        lines.append(row(path.gain, "share", n, float(some), outcome=outcome, factor="", how=GAIN))
        for j, factor in enumerate(path.table["driver"]):
            for how, part in ((THROUGH, path.through), (DIRECT, path.direct)):
                p = float(path.table["p_direct"].iloc[j]) if how == DIRECT else NAN
                told_of = row(part.estimate(j), "share", n, float(some), outcome=outcome, factor=str(factor), how=how)
                lines.append(told_of | {"p": p})
    rows = pd.DataFrame(lines)
    if "p" not in rows:
        rows["p"] = NAN
    # All free slopes of all outcomes are one family: that is what was looked at.
    return rows.assign(p=benjamini_hochberg(rows["p"].to_numpy(float)))
