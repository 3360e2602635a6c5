"""Which factors go with loyalty, how surely, and what measurement error and collinearity do to the answer."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.answers import LOYALTY, SurveyAnswers, answers, clusters, latest, missing_for_answers
from insights.stats.importance import Importance, shapley_importance
from insights.stats.linear import LinearFit, least_squares
from insights.stats.measurement_error import CorrectedRegression, corrected_regression
from insights.stats.reliability import error_variance
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.loyalty.refusals import refused

ID = "loyalty.importance"
SHARE, JOHNSON, FIRST, RANK_LOW, RANK_HIGH, VIF, CORRELATION, WEIGHT, R_SQUARED = (
    "share",
    "johnson",
    "first",
    "rank_low",
    "rank_high",
    "vif",
    "correlation",
    "weight",
    "r_squared",
)
PLAIN, CORRECTED = "plain", "corrected"
"""From the scores as they are, and with their measurement error taken out."""

NAN = float("nan")


@dataclass(frozen=True)
class Shares:
    """``rows``: kind (plain, corrected), factor ("" for all), measure (see the constants), value, low, high, n.

    ``share`` and ``johnson`` are shares of what the factors explain together; ``first`` the probability to be the most
    important; ``weight`` the standardised slope in a regression on all factors.
    """

    rows: pd.DataFrame


def importance(bank: Bank) -> Answer | NotAvailable:
    """Share out what the factors explain of loyalty, plain and corrected for measurement error, with the weights."""
    if missing := missing_for_answers(bank):
        return NotAvailable(ID, missing)
    survey = answers(bank)
    used = usable(survey, latest(survey))
    if isinstance(used, str):
        return refused(ID, used)
    lines: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    n = float(len(used))
    cluster, kind = clusters(used)
    for how in (PLAIN, CORRECTED):
        found = shares_of(survey, used, corrected=how == CORRECTED)
        if isinstance(found, NotEstimable):
            reasons[how] = found.reason
        else:
            lines += [{"kind": how, **line, "n": n} for line in _share_lines(found)]
    fitted = least_squares(used[LOYALTY], used[list(survey.factors)], weight=used["weight"], cluster=cluster)
    if isinstance(fitted, LinearFit):
        lines += [{"kind": PLAIN, **line, "n": n} for line in _weight_lines(fitted, used, survey)]
    else:
        reasons.setdefault(PLAIN, fitted.reason)
    items = {name: used[list(own)] for name, own in survey.factors.items()}
    right = corrected_regression(used[LOYALTY], items, weight=used["weight"], cluster=cluster)
    if isinstance(right, CorrectedRegression):
        for row in right.table.to_dict("records"):
            line = {"kind": CORRECTED, "factor": row["factor"], "measure": WEIGHT, "value": row["standardised"]}
            lines.append(line | {"low": row["standardised_low"], "high": row["standardised_high"], "n": n})
    else:
        reasons[CORRECTED] = right.reason
    if not lines:
        return refused(ID, reasons[PLAIN])
    table = pd.DataFrame(lines, columns=["kind", "factor", "measure", "value", "low", "high", "n"])
    evidence: dict[str, Evidence] = {
        "shares": Estimates(table.assign(unit="share", n_events=NAN), ("kind", "factor", "measure"))
    }
    facts = {"reasons": reasons, "cluster": kind, "factors": list(survey.factors), "refused": survey.refused}
    return Answer(ID, ID, evidence, lambda parts: Shares(cast(Estimates, parts["shares"]).rows), facts)


def usable(survey: SurveyAnswers, rows: pd.DataFrame) -> pd.DataFrame | str:
    """Return the rows with loyalty and a score of every factor; or why there is nothing to be shared out."""
    if LOYALTY in survey.refused:
        return survey.refused[LOYALTY]
    if len(survey.factors) < 2:
        own = ", ".join(survey.factors) or "none"
        return f"there is nothing to share out between fewer than two factors (usable: {own})"
    return rows[rows[[LOYALTY, *survey.factors]].notna().all(axis=1)]


def shares_of(survey: SurveyAnswers, rows: pd.DataFrame, *, corrected: bool) -> Importance | NotEstimable:
    """Return the Shapley and Johnson shares of the factors among complete rows (see ``usable``)."""
    names = list(survey.factors)
    scores = rows[names]
    errors = None
    if corrected:
        columns = []
        for name in names:
            found = error_variance(rows[list(survey.factors[name])], weight=rows["weight"])
            if isinstance(found, NotEstimable):
                return NotEstimable(f"{name}: {found.reason}")
            columns.append(np.where(np.isnan(found.contributions), found.value, found.contributions))
        errors = np.column_stack(columns)
    return shapley_importance(rows[LOYALTY], scores, weight=rows["weight"], cluster=clusters(rows)[0], errors=errors)


def _share_lines(found: Importance) -> list[dict[str, object]]:
    whole = found.r_squared
    lines: list[dict[str, object]] = [
        {"factor": "", "measure": R_SQUARED, "value": whole.value, "low": whole.low, "high": whole.high}
    ]
    shares = found.draws / found.draws.sum(axis=1, keepdims=True)
    low, high = np.quantile(shares, [(1 - found.level) / 2, (1 + found.level) / 2], axis=0)
    for k, row in enumerate(found.table.to_dict("records")):
        own: dict[str, tuple[float, float, float]] = {SHARE: (row["share"], low[k], high[k])}
        own[JOHNSON] = tuple(row[c] / whole.value for c in ("johnson", "johnson_low", "johnson_high"))
        own |= {m: (float(row[m]), NAN, NAN) for m in (FIRST, RANK_LOW, RANK_HIGH, VIF, CORRELATION)}
        for measure, (value, a, b) in own.items():
            lines.append({"factor": row["driver"], "measure": measure, "value": value, "low": a, "high": b})
    return lines


def _weight_lines(fitted: LinearFit, used: pd.DataFrame, survey: SurveyAnswers) -> list[dict[str, object]]:
    table = fitted.table.iloc[1:]
    lines: list[dict[str, object]] = []
    for row in table.to_dict("records"):
        scale = row["standardised"] / row["estimate"] if row["estimate"] else NAN
        ends = {"low": row["low"] * scale, "high": row["high"] * scale}
        lines.append({"factor": row["name"], "measure": WEIGHT, "value": row["standardised"], **ends})
    return lines
