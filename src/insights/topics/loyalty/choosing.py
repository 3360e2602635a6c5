"""Loyalty measured by what clients say and by what they do: bought again, share of wallet, years; how these agree."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import missing_for_answers
from insights.models.loyalty.choosing import AGAIN, MEASURES, TENURE, TIMES, WALLET, YEARS, Choosing
from insights.models.loyalty.choosing import choosing as measured
from insights.models.loyalty.invitations import NOT_KNOWN
from insights.stats.moments import Moments, moments
from insights.stats.results import Estimate
from insights.stats.weighted import weighted_mean
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused
from insights.topics.rows import NAN, estimates, line

ID = "loyalty.choosing"
ALL = ""
UNITS = {AGAIN: "share", WALLET: "share", TENURE: "years"}


@dataclass(frozen=True)
class ChoosingRows:
    """``means``: segment ("" for all), measure, value, low, high, n. ``pairs``: one, other, value, low, high, n.

    The value of a pair of measures is Spearman's rank correlation among those of whom both are known.
    """

    means: pd.DataFrame
    pairs: pd.DataFrame


def choosing(bank: Bank) -> Answer | NotAvailable:
    """Measure loyalty four ways, for everybody and by segment, and tell how these go together."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    found = measured(bank)
    if {AGAIN, WALLET} <= set(found.missing):
        return NotAvailable(ID, tuple(dict.fromkeys(n for needs in found.missing.values() for n in needs)))
    means = _means(found)
    if not means:
        return refused(ID, f"{len(found.rows)} answers; at least 50 are needed")
    evidence: dict[str, Evidence] = {
        "whole": estimates([m for m in means if m["segment"] == ALL], "segment", "measure"),
        "parts": estimates([m for m in means if m["segment"] != ALL], "segment", "measure", parts_of=("measure",)),
        "pairs": estimates(_pairs(found), "one", "other"),
    }
    facts = {
        "segments": [s for s in dict.fromkeys(str(row["segment"]) for row in means) if s],
        "measures": [m for m in MEASURES if any(row["measure"] == m for row in means)],
        "missing": {m: list(needs) for m, needs in found.missing.items()},
        "scale": bank.settings.loyalty.outcome_scale,
        "years": YEARS,
        "times": TIMES,
        "cluster": found.cluster,
    }
    return Answer(ID, ID, evidence, _rows, facts)


def _means(found: Choosing) -> list[dict[str, Any]]:
    rows, lines = found.rows, list[dict[str, Any]]()
    for segment in (ALL, *(s for s in sorted(rows["segment"].unique()) if s != NOT_KNOWN)):
        own = rows if segment == ALL else rows[rows["segment"] == segment]
        for measure in (m for m in MEASURES if m in rows):
            told = weighted_mean(
                own[measure],
                own["weight"] if measure not in UNITS else np.ones(len(own)),
                cluster=own["cluster"],
                unit=UNITS.get(measure, "points"),
            )
            if isinstance(told, Estimate):
                some = float((own[measure] > 0).sum()) if measure == AGAIN else NAN
                lines.append({"segment": segment, "measure": measure} | line(told, told.n, some))
    return lines


def _pairs(found: Choosing) -> list[dict[str, Any]]:
    lines = []
    for one, other in combinations((m for m in MEASURES if m in found.rows), 2):
        own = found.rows[found.rows[[one, other]].notna().all(axis=1)]
        ranks = own[[one, other]].rank()
        made = moments(ranks, own["cluster"], seed="choosing") if len(own) else None
        if isinstance(made, Moments):
            size = np.sqrt(made.cov[:, 0, 0] * made.cov[:, 1, 1])
            told = made.replicates((made.cov[:, 0, 1] / size)[:, None]).estimate(unit="correlation")
            lines.append({"one": one, "other": other} | line(told, float(len(own)), unit="correlation"))
    return lines


def _rows(parts: dict[str, Evidence]) -> ChoosingRows:
    whole, segments, pairs = (cast(Estimates, parts[name]).rows for name in ("whole", "parts", "pairs"))
    return ChoosingRows(pd.concat([p for p in (whole, segments) if len(p)], ignore_index=True), pairs)
