"""Comparing those who chose a treatment with those like them who did not: overlap weights, balance, and the E-value."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.clustering import read_labels
from insights.stats.coefficients import dependent_message
from insights.stats.design import DesignLike, read_design
from insights.stats.effects.comparison import fit_propensity
from insights.stats.effects.inference import pointwise
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Li, Morgan & Zaslavsky (2018), Balancing covariates via propensity score weighting"
FEWEST = 50
PER_PARAMETER = 10
FEWEST_CLUSTERS = 20


@dataclass(frozen=True, eq=False)
class OverlapComparison(Result):
    """``table``: variable, treated, controls (means), difference, difference_weighted (in sd of all).

    ``effect`` is the weighted difference of the outcomes, ``unadjusted`` the plain one. ``effective_n`` is the number
    of equally weighted units with the same error (Kish), ``propensity`` (n,) the chance of being treated, ``df`` the
    degrees of freedom of the errors.
    """

    effect: Estimate = field(kw_only=True)
    unadjusted: Estimate = field(kw_only=True)
    effective_n: float = field(kw_only=True)
    propensity: Floats = field(repr=False, kw_only=True)
    outcome_sd: float = field(kw_only=True)
    df: float = field(kw_only=True)

    def p_value(self) -> float:
        """Return the p-value of "the weighted difference is 0" (t with ``df`` degrees of freedom, normal if inf)."""
        from scipy.special import stdtr  # half a second that those who need no test need not wait

        se = self.effect.se
        return float(2 * stdtr(min(self.df, 1e9), -abs(self.effect.value) / se)) if se else 1.0

    def e_value(self) -> tuple[float, float]:
        """Return how strongly something unmeasured must go with both treatment and outcome to explain the effect away.

        The second number is that for the end of the interval nearer to 0 (1 where it contains 0). Both are risk ratios;
        a mean difference of d sd is taken as the risk ratio exp(0.91 d).

        Source: VanderWeele & Ding (2017), Sensitivity analysis in observational research: introducing the E-value.
        """
        low, high = self.effect.low, self.effect.high
        near = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        return e_value(np.exp(0.91 * abs(self.effect.value) / self.outcome_sd)), e_value(
            np.exp(0.91 * near / self.outcome_sd)
        )


def overlap_comparison(
    outcome: npt.ArrayLike,
    treated: npt.ArrayLike,
    covariates: DesignLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "outcome",
) -> OverlapComparison | NotEstimable:
    """Compare outcomes (n,) of treated and others (flags, n) who could have been either, given covariates (n, p).

    Each unit counts by the chance of being in the other group (logit): those sure to be treated, or sure not to be,
    count nothing, and the means of all covariates are exactly equal. The effect is that on units in the overlap. Errors
    have the fit of the chances in them, by row or by cluster (20 or more).

    Assumes that nothing else goes with both treatment and outcome, which no data of this kind can show: name the result
    an association unless ``e_value`` and an outcome that cannot be affected say otherwise.

    NotEstimable below 50 units or 10 per parameter in the smaller group, for dependent covariates, and where these tell
    the groups apart without error.
    """
    check_level(level)
    y, told = np.asarray(outcome, dtype=float), np.asarray(treated)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError(f"outcome has shape {y.shape}, some missing or infinite; expected (n,) numbers")
    if told.shape != y.shape or not np.isin(told, (0, 1)).all():
        raise ValueError(f"treated has shape {told.shape}; expected {y.shape} flags")
    told, n = told.astype(bool), len(y)
    columns = read_design(covariates, n)
    x = columns.values.astype(float)
    needed, fewer = max(FEWEST, PER_PARAMETER * (x.shape[1] + 1)), int(min(told.sum(), n - told.sum()))
    if fewer < needed:
        return NotEstimable(f"the smaller group has {fewer} units; {x.shape[1] + 1} parameters need {needed}")
    middle = centre(x, np.ones(n))
    if middle.dependent:
        return dependent_message(columns.names, middle.dependent, "")
    way = None if cluster is None else read_labels(cluster, "cluster", n)
    if way is not None and way.size < FEWEST_CLUSTERS:
        return NotEstimable(f"{way.size} clusters; {FEWEST_CLUSTERS} are needed for errors by cluster")
    scaled = middle.values / middle.sd
    design = np.column_stack([np.ones(n), scaled])
    fit = fit_propensity(design, told, np.ones(n))
    if fit is None:
        return NotEstimable("no overlap: the covariates tell the groups apart without error")
    share, bread = fit
    of_fit = (design * (told - share)[:, None]) @ bread * n
    weight = np.where(told, 1 - share, share)
    effect, influence = 0.0, np.zeros(n)
    for side, sign in ((told, 1.0), (~told, -1.0)):
        w = weight * side
        mean = float(w @ y / w.sum())
        away = w * (y - mean)
        # The weight falls with the chance among the treated and rises among the others.
        slope = -sign * (design * (side * share * (1 - share) * (y - mean))[:, None]).mean(axis=0)
        effect += sign * mean
        influence += sign * (away + of_fit @ slope) / w.mean()
    plain = float(y[told].mean() - y[~told].mean())
    plain_influence = (y - np.where(told, y[told].mean(), y[~told].mean())) * np.where(
        told, n / told.sum(), -n / (~told).sum()
    )
    weighted = [weight * side @ scaled / (weight * side).sum() for side in (told, ~told)]
    table = pd.DataFrame(
        {
            "variable": columns.names,
            "treated": x[told].mean(axis=0),
            "controls": x[~told].mean(axis=0),
            "difference": scaled[told].mean(axis=0) - scaled[~told].mean(axis=0),
            "difference_weighted": weighted[0] - weighted[1],
        }
    )

    def interval(value: float, by_row: Floats) -> Estimate:
        groups = by_row if way is None else np.bincount(way.codes, by_row)
        c = len(groups)
        se = float(np.sqrt((groups**2).sum() * c / (c - 1))) / n
        half = float(pointwise(np.array([np.inf if way is None else c - 1.0]), level)[0]) * se
        return Estimate(value, value - half, value + half, unit, n, int(told.sum()), level, se)

    if np.ptp(y) == 0:
        return NotEstimable("everybody has the same outcome")
    return OverlapComparison(
        table,
        (),
        SOURCE,
        effect=interval(effect, influence),
        unadjusted=interval(plain, plain_influence),
        effective_n=sum(float((weight * s).sum() ** 2 / ((weight * s) ** 2).sum()) for s in (told, ~told)),
        propensity=share,
        outcome_sd=float(y.std()),
        df=np.inf if way is None else way.size - 1.0,
    )


def e_value(risk_ratio: float) -> float:
    """Return the E-value of a risk ratio (of one below 1, that of its inverse)."""
    if not (np.isfinite(risk_ratio) and risk_ratio > 0):
        raise ValueError(f"the risk ratio is {risk_ratio}; expected a number above 0")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))
