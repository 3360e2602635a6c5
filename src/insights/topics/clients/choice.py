"""How many segments there are, whether they hold when clients are drawn anew or on another day, and why not fewer."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.segments.later import quarter_agreement
from insights.models.segments.model import OWN, Segments
from insights.stats.results import TestResult
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import Answer, Estimates, Evidence, Facts, NotAvailable

ID = "clients.choice"
BY_BANK = "clients.choice_own"


@dataclass(frozen=True)
class Chosen:
    """How the number of segments was chosen.

    ``numbers``: classes, bic, icl (both less the least of them), smallest, jaccard, verdict. ``segments``: segment,
    jaccard, low, high, n. ``rand``: what ("resamples", or "quarters" with months_ago), value, low, high.
    ``quarters``: the likeness of each segment to that of earlier data: what, segment, value, n. ``noise``: the share
    that would change segment by chance alone. ``test``: one class against these.
    """

    numbers: pd.DataFrame
    segments: pd.DataFrame
    rand: pd.DataFrame
    quarters: pd.DataFrame
    noise: pd.DataFrame
    test: TestResult


def choice(bank: Bank) -> Answer | NotAvailable:
    """Compare numbers of segments by information, stability and the test of one class; agreement between quarters."""
    found = segments_of(bank, ID)
    if not isinstance(found, Segments):
        return found
    if found.source == OWN or found.choice is None:
        return Answer(ID, BY_BANK, {}, lambda evidence: None, {"names": found.names})
    told = found.choice
    numbers = told.table[["classes", "bic", "icl", "smallest", "jaccard", "verdict"]].copy()
    for name in ("bic", "icl"):
        numbers[name] -= numbers[name].min()
    size = len(found.fitted)
    rows = numbers.melt(["classes", "verdict"], ["bic", "icl", "smallest", "jaccard"], "what", "value")
    rows = rows[rows["value"].notna()].assign(low=np.nan, high=np.nan, unit="number", n=size, n_events=np.nan)
    evidence: dict[str, Evidence] = {"numbers": Estimates(rows, ("classes", "verdict", "what"))}
    lines = []
    sizes = [int((found.code[:, -1] == k).sum()) for k in range(len(found.names))]
    if told.stability is not None:
        for k, name in enumerate(found.names):
            lines.append(_line("jaccard", name, told.stability.jaccard[:, k], sizes[k]))
        lines.append(_line("resamples", "", told.stability.rand, size))
        lines.append(_line("noise", "", told.stability.noise, size))
    for row in quarter_agreement(bank, found).to_dict("records"):
        n = sizes[found.names.index(row["segment"])] if row["segment"] else size
        lines.append(_line(f"quarters/{row['months_ago']}", row["segment"], np.array([row["value"]]), n))
    if lines:
        evidence["stability"] = Estimates(pd.DataFrame(lines), ("what", "segment"))
    evidence["rules"] = Facts(pd.DataFrame({"least": [bank.settings.segments.least_share]}))
    # Its statistic to three digits, like every result of a model.
    statistic = told.checks[0].statistic
    test = replace(told.checks[0], statistic=None if statistic is None else float(f"{statistic:.3g}"))
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _chosen(evidence, test),
        facts={
            "names": found.names,
            "variables": found.variables,
            "most": bank.settings.segments.most,
            "least": bank.settings.segments.least_share,
            "past": found.past,
        },
    )


def _line(what: str, segment: str, values: np.ndarray, n: int) -> dict[str, object]:
    low, high = (np.nan, np.nan) if len(values) < 2 else np.quantile(values, [0.025, 0.975])
    head = {"what": what, "segment": segment, "value": float(values.mean()), "low": float(low), "high": float(high)}
    return head | {"unit": "share" if what == "noise" else "index", "n": n, "n_events": np.nan}


def _chosen(evidence: dict[str, Evidence], test: TestResult) -> Chosen:
    rows = cast(Estimates, evidence["numbers"]).rows
    wide = rows.pivot(index=["classes", "verdict"], columns="what", values="value").reset_index()
    empty = pd.DataFrame(columns=["what", "segment", "value", "low", "high", "unit", "n", "n_events"])
    told = cast(Estimates, evidence["stability"]).rows if "stability" in evidence else empty
    own = told[told["what"] == "jaccard"].rename(columns={"value": "jaccard"})
    past = told["what"].str.startswith("quarters")
    rand = told[(told["what"] == "resamples") | (past & (told["segment"] == ""))]
    return Chosen(wide, own, rand, told[past & (told["segment"] != "")], told[told["what"] == "noise"], test)
