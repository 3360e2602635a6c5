"""Recalibration: the slope and intercept that would turn predictions into what was observed."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.influence import Influenced, Rows, cluster_codes
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.scoring import read_horizons, read_predictions, read_weight
from insights.stats.scoring.weights import AtHorizon, follow

SOURCE = (
    "Cox (1958), Two further applications of a model for binary regression; with censoring: Gerds, Andersen & Kattan "
    "(2014), Calibration plots for risk prediction models in the presence of competing risks"
)
FEWEST_OF_EACH = 50
Link = Literal["logit", "cloglog"]


@dataclass(frozen=True, eq=False)
class Recalibration(Result):
    """Slope and intercept.

    ``table``: term, value, low, high, se, reason. ``slope`` is 1 where risks are spread as they should be, below 1
    where they are too extreme. ``intercept``, with the slope held at 1, is 0 where risks are right on average, above 0
    where they are too low. ``checks`` tests both together.
    """

    slope: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable("there are no rows"))
    intercept: Estimate | NotEstimable = field(default_factory=lambda: NotEstimable("there are no rows"))


def recalibration(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    risk: npt.ArrayLike,
    horizon: float,
    *,
    of: str | None = None,
    link: Link = "logit",
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Recalibration:
    """Regress the event by the horizon on the link of its predicted probability.

    Parameters as in ``brier_score``; ``risk`` (n) by the horizon (months). Binary regression of those whose outcome is
    known, each weighted by one over the probability of being known (times ``weight``); ``link`` "logit", or "cloglog",
    on which hazards are proportional. Errors: infinitesimal jackknife (sandwich), that of the censoring weights
    included; intervals normal.

    NotEstimable with fewer than 50 with or without the event, where risks of 0 or 1 have no link, and for a slope where
    all risks are alike. Assumptions as in ``brier_score``; raises ValueError as it does.
    """
    check_level(level)
    if link not in ("logit", "cloglog"):
        raise ValueError(f"the link is {link!r}; expected 'logit' or 'cloglog'")
    months = float(read_horizons([horizon])[0])
    followed = follow(time, cause, of, strata)
    n = len(followed.time)
    told = read_predictions(risk, n, 1, "risk")[:, 0]
    if ((told < 0) | (told > 1)).any():
        raise ValueError("some risks lie outside 0 to 1; expected probabilities")
    amount = read_weight(weight, n)
    rows = Rows(n, cluster_codes(cluster, n), level)
    known = followed.at(months)
    if (refused := _refused(known, told, rows)) is not None:
        return _result(refused, refused, ())
    assert isinstance(known, AtHorizon)
    x = _linked(told, link)
    events = int(known.event.sum())
    large = _fit(known, np.ones((n, 1)), x, amount, link)
    intercept = NotEstimable(large) if isinstance(large, str) else large[0].estimate(rows, "", events)
    name, null = "calibrated", "the intercept is 0 and the slope is 1"
    if np.ptp(x) < 1e-9:
        same = NotEstimable("all risks are alike: there is no slope")
        return _result(same, intercept, (TestResult(name, null, reason=same.reason),))
    both = _fit(known, np.column_stack([np.ones(n), x]), np.zeros(n), amount, link)
    if isinstance(both, str):
        return _result(NotEstimable(both), intercept, (TestResult(name, null, reason=both),))
    slope = both[1].estimate(rows, "", events)
    return _result(slope, intercept, (_joint(both, rows, name, null),))


def _refused(known: AtHorizon | NotEstimable, risk: Floats, rows: Rows) -> NotEstimable | None:
    if isinstance(known, NotEstimable):
        return known
    if (few := rows.too_few()) is not None:
        return few
    for number, name in (
        (int(known.event.sum()), "with the event"),
        (int(((known.weight > 0) & ~known.event).sum()), "without the event"),
    ):
        if number < FEWEST_OF_EACH:
            return NotEstimable(f"{number} {name} by {known.horizon:g} months are too few; it needs {FEWEST_OF_EACH}")
    if edge := int(((risk <= 0) | (risk >= 1)).sum()):
        return NotEstimable(f"{edge} risks are 0 or 1, which no recalibration can change")
    return None


def _linked(risk: Floats, link: Link) -> Floats:
    return np.asarray(np.log(risk) - np.log1p(-risk) if link == "logit" else np.log(-np.log1p(-risk)))


def _mean(eta: Floats, link: Link) -> tuple[Floats, Floats]:
    """Return the probability and its derivative by the linear predictor."""
    if link == "logit":
        p = 1 / (1 + np.exp(-np.clip(eta, -35, 35)))
        return p, p * (1 - p)
    rate = np.exp(np.clip(eta, -35, 3.5))
    return -np.expm1(-rate), rate * np.exp(-rate)


def _fit(known: AtHorizon, design: Floats, offset: Floats, amount: Floats, link: Link) -> list[Influenced] | str:
    """Return the coefficients with their influences, by Fisher scoring with step halving, or why there are none."""
    y, weight = known.event.astype(float), known.weight * amount
    beta = np.zeros(design.shape[1])
    if design.shape[1] > 1:
        beta[1] = 1.0

    def deviance(b: Floats) -> float:
        p, _ = _mean(design @ b + offset, link)
        return -2 * float(weight @ (y * np.log(p) + (1 - y) * np.log1p(-p)))

    now = deviance(beta)
    for _ in range(50):
        p, slope = _mean(design @ beta + offset, link)
        residual = slope * (y - p) / (p * (1 - p))
        information = (design * (weight * slope**2 / (p * (1 - p)))[:, None]).T @ design
        step = np.linalg.solve(information, design.T @ (weight * residual))
        while deviance(beta + step) > now * (1 + 1e-12) and np.abs(step).max() > 1e-12:
            step = step / 2
        beta, now = beta + step, deviance(beta + step)
        if np.abs(beta).max() > 30:
            return "the predictions separate those with from those without the event"
        if np.abs(step).max() < 1e-10:
            break
    else:
        return "the recalibration did not converge"
    p, slope = _mean(design @ beta + offset, link)
    residual = slope * (y - p) / (p * (1 - p))
    bread = np.linalg.inv(_curvature(design, offset, beta, y, weight, link))
    scores = np.column_stack([_moved(known, amount * residual * column) for column in design.T])
    return [Influenced(float(b), scores @ row) for b, row in zip(beta, bread, strict=True)]


def _moved(known: AtHorizon, terms: Floats) -> Floats:
    return known.weight * terms + known.through_weights(terms)


def _curvature(design: Floats, offset: Floats, beta: Floats, y: Floats, weight: Floats, link: Link) -> Floats:
    """Return minus the derivative of the score by the coefficients (the observed information)."""
    p, slope = _mean(design @ beta + offset, link)
    if link == "logit":
        factor = slope
    else:
        # The score of a row is rate (y - p) / p; its derivative follows by the product rule.
        rate = np.exp(design @ beta + offset)
        factor = -(rate * (y - p) / p - rate * y * slope / p**2)
    return np.asarray((design * (weight * factor)[:, None]).T @ design)


def _joint(both: list[Influenced], rows: Rows, name: str, null: str) -> TestResult:
    from scipy.special import chdtrc

    away = np.array([both[0].value, both[1].value - 1])
    influence = np.column_stack([b.influence for b in both])
    if rows.cluster is not None:
        influence = np.column_stack([np.bincount(rows.cluster, column) for column in influence.T])
    statistic = float(away @ np.linalg.solve(influence.T @ influence, away))
    return TestResult(name, null, statistic, 2.0, float(chdtrc(2, statistic)))


def _result(
    slope: Estimate | NotEstimable, intercept: Estimate | NotEstimable, checks: tuple[TestResult, ...]
) -> Recalibration:
    lines: list[dict[str, object]] = []
    for term, found in (("slope", slope), ("intercept", intercept)):
        if isinstance(found, NotEstimable):
            lines.append({"term": term, "reason": found.reason})
        else:
            lines.append({"term": term, "value": found.value, "low": found.low, "high": found.high, "reason": ""})
            lines[-1]["se"] = found.se
    table = pd.DataFrame(lines, columns=["term", "value", "low", "high", "se", "reason"])
    return Recalibration(table, checks, SOURCE, slope, intercept)
