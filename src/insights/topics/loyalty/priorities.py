"""Where to begin: how much each factor goes with loyalty, beside how well the bank does in it, by segment."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import SurveyAnswers, answers, clusters, latest, missing_for_answers
from insights.stats.results import Estimate, NotEstimable
from insights.stats.weighted import weighted_mean
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.importance import shares_of, usable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.priorities"
IMPORTANCE, PERFORMANCE = "importance", "performance"
ALL = "all"
FIRST, KEEP, LATER, EASE = "first", "keep", "later", "ease"
"""Important and weak; important and strong; less important and weak; less important and strong."""

NAN = float("nan")


@dataclass(frozen=True)
class Matrix:
    """Importance and performance.

    ``rows``: segment ("all" for all), factor, measure, value, low, high, n. Importance is the factor's share in what
    all explain (measurement error taken out where that is possible), performance the mean score from 0 (worst mark) to
    1 (best). ``cells``: segment, factor, importance, performance, place, and clear: whether both intervals lie on one
    side of the middle (the average over the segment's factors).
    """

    rows: pd.DataFrame
    cells: pd.DataFrame


def priorities(bank: Bank) -> Answer | NotAvailable:
    """Set importance beside performance for every factor, among all and in each segment."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    used = usable(survey, latest(survey))
    if isinstance(used, str):
        return refused(ID, used)
    scale = bank.settings.loyalty.scale
    assert scale is not None  # a factor without a scale is refused
    lines: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    corrected: dict[str, bool] = {}
    for segment in (ALL, *survey.segments):
        rows = used if segment == ALL else used[used["segment"] == segment]
        found = _of_segment(survey, rows, scale)
        if isinstance(found, str):
            reasons[segment] = found
            continue
        corrected[segment], own = found
        lines += [{"segment": segment, **line} for line in own]
    if not lines:
        return refused(ID, reasons[ALL])
    table = pd.DataFrame(lines, columns=["segment", "factor", "measure", "value", "low", "high", "n"])
    evidence: dict[str, Evidence] = {
        "matrix": Estimates(table.assign(unit="share", n_events=NAN), ("segment", "factor", "measure"))
    }
    facts = {"reasons": reasons, "corrected": corrected, "scale": scale, "segments": [ALL, *survey.segments]}
    return Answer(ID, ID, evidence, _matrix, facts)


def _of_segment(
    survey: SurveyAnswers, rows: pd.DataFrame, scale: tuple[float, float]
) -> tuple[bool, list[dict[str, object]]] | str:
    found = shares_of(survey, rows, corrected=True)
    corrected = not isinstance(found, NotEstimable)
    if isinstance(found, NotEstimable):
        found = shares_of(survey, rows, corrected=False)
    if isinstance(found, NotEstimable):
        return found.reason
    shares = found.draws / found.draws.sum(axis=1, keepdims=True)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    cluster, n = clusters(rows)[0], float(len(rows))
    lines: list[dict[str, object]] = []
    for k, (name, share) in enumerate(zip(found.table["driver"], found.table["share"], strict=True)):
        lines.append({"factor": name, "measure": IMPORTANCE, "value": share, "low": low[k], "high": high[k], "n": n})
        scored = (rows[name] - scale[0]) / (scale[1] - scale[0])
        mean = weighted_mean(scored, rows["weight"], cluster=cluster)
        if isinstance(mean, NotEstimable):
            return mean.reason
        ends = {"value": mean.value, "low": mean.low, "high": mean.high}
        lines.append({"factor": name, "measure": PERFORMANCE, **ends, "n": n})
    return corrected, lines


def _matrix(parts: dict[str, Evidence]) -> Matrix:
    rows = cast(Estimates, parts["matrix"]).rows
    cells = []
    for (segment, factor), own in rows.groupby(["segment", "factor"], sort=False):
        found = {str(r["measure"]): r for r in own.to_dict("records")}
        cells.append({"segment": segment, "factor": factor, **{m: _estimate(r) for m, r in found.items()}})
    table = pd.DataFrame(cells)
    places: list[str | None] = []
    clear: list[bool] = []
    for cell in table.to_dict("records"):
        peers = table[table["segment"] == cell["segment"]]
        middles = [np.mean([e.value for e in peers[m] if e is not None] or [NAN]) for m in (IMPORTANCE, PERFORMANCE)]
        one, other = cell[IMPORTANCE], cell[PERFORMANCE]
        if one is None or other is None:
            places.append(None)
            clear.append(False)
            continue
        important, weak = one.value >= middles[0], other.value < middles[1]
        places.append((FIRST if weak else KEEP) if important else (LATER if weak else EASE))
        sides = [not e.low < m < e.high for e, m in ((one, middles[0]), (other, middles[1]))]
        clear.append(all(sides))
    return Matrix(rows, table.assign(place=pd.Series(places, dtype=object), clear=clear))


def _estimate(row: dict[Any, Any]) -> Estimate | None:
    value, low, high, n = (float(row[c]) for c in ("value", "low", "high", "n"))
    return None if np.isnan(value) else Estimate(value, low, high, "share", int(n))
