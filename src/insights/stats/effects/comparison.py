"""One comparison of two periods and two groups of units: the effect and what each unit adds to its error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

Bools = npt.NDArray[np.bool_]

MIN_UNITS = 10
"""Units on each side of a comparison, and treated units per parameter of the propensity."""
MIN_REGRESSION = 50
"""Units of a comparison in which a propensity and a regression are fitted."""
FEWEST_ALIKE = 10.0
"""Controls of equal weight that those alike must count for (Kish); see ``doubly_robust``."""
TRIM = 0.995
"""Controls with a propensity above this resemble nobody: they would carry the weight of 200."""


@dataclass(frozen=True)
class Comparison:
    """Effect on the treated, and its influence function (m,) whose mean is 0 and whose mean square is m se²."""

    effect: float
    influence: Floats
    trimmed: int = 0


def compare_means(change: Floats, treated: Bools, weight: Floats) -> Comparison:
    """Return the mean change (m,) of the treated less that of the controls; weights have any scale."""
    effect, influence = 0.0, np.zeros(len(change))
    for side, sign in ((treated, 1.0), (~treated, -1.0)):
        w = weight * side
        mean = float(w @ change / w.sum())
        effect += sign * mean
        influence += sign * w / w.mean() * (change - mean)
    return Comparison(effect, influence)


def doubly_robust(change: Floats, treated: Bools, design: Floats, weight: Floats) -> Comparison | NotEstimable:
    """Return the effect on the treated that is right if either the propensity or the outcome regression is.

    ``design`` (m, p) has the intercept in its first column. Logit propensity by maximum likelihood, linear regression
    of the change among the controls; the influence function has the estimation of both in it. That is right for many
    controls: where, after weighting, fewer than ten of equal weight were left, intervals of 95 % held the truth in 7 of
    10 made-up panels, and nothing is told; above ten in 9 of 10.

    Source: Sant'Anna & Zhao (2020), Doubly robust difference-in-differences estimators, eq. 3.1 (panel).
    """
    m, p = design.shape
    if m < MIN_REGRESSION or min(treated.sum(), (~treated).sum()) < MIN_UNITS * p:
        return NotEstimable(
            f"{int(treated.sum())} treated and {int((~treated).sum())} control units; a propensity of {p} parameters "
            f"needs {MIN_UNITS * p} of each and {MIN_REGRESSION} together"
        )
    if np.linalg.matrix_rank(design) < p or np.linalg.matrix_rank(design[~treated]) < p:
        return NotEstimable("the covariates are collinear among the units compared")
    fit = fit_propensity(design, treated, weight)
    if fit is None:
        return NotEstimable("no overlap: the covariates tell the treated from the controls without error")
    share, bread = fit
    kept = treated | (share < TRIM)
    share = np.minimum(share, 1 - 1e-6)
    if (~treated & kept).sum() < MIN_UNITS * p or share[treated].min() > TRIM:
        return NotEstimable(f"no overlap: the propensity of all but a few units compared is above {TRIM}")
    controls = weight * ~treated
    gram = (design * controls[:, None]).T @ design
    slope = np.linalg.solve(gram, design.T @ (controls * change))
    rest = change - design @ slope
    # What each unit adds to the error of the regression and of the propensity, as m times their deviations.
    of_slope = np.linalg.solve(gram / m, (design * (controls * rest)[:, None]).T).T
    of_share = (design * (weight * (treated - share))[:, None]) @ (bread * m)
    w1 = weight * treated
    w0 = weight * kept * ~treated * share / (1 - share)
    alike = float(w0.sum() ** 2 / max(float(w0 @ w0), 1e-300))
    if alike < FEWEST_ALIKE:
        return NotEstimable(f"too few alike: the controls count for {alike:.1f} of equal weight; 10 are needed")
    eta1, eta0 = w1 @ rest / w1.sum(), w0 @ rest / w0.sum()
    part1 = w1 * (rest - eta1) - of_slope @ (design * w1[:, None]).mean(axis=0)
    part0 = (
        w0 * (rest - eta0)
        + of_share @ (design * (w0 * (rest - eta0))[:, None]).mean(axis=0)
        - of_slope @ (design * w0[:, None]).mean(axis=0)
    )
    influence = part1 / w1.mean() - part0 / w0.mean()
    return Comparison(float(eta1 - eta0), influence, int((~kept).sum()))


def fit_propensity(design: Floats, treated: Bools, weight: Floats) -> tuple[Floats, Floats] | None:
    """Return fitted shares (m,) and the inverse information (p, p); None where the likelihood has no maximum."""
    from scipy.special import expit  # half a second that those who compare means only need not wait

    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    x = design / scale
    b = before = np.zeros(x.shape[1])
    loss = np.inf
    for _ in range(50):
        eta = x @ b
        now = float(weight @ (np.logaddexp(0, eta) - treated * eta))
        if now > loss + 1e-9 * abs(loss):
            b = (b + before) / 2
            continue
        share = expit(eta)
        score = x.T @ (weight * (treated - share))
        information = (x * (weight * share * (1 - share))[:, None]).T @ x
        if np.linalg.cond(information) > 1e13 or now < 1e-6 * weight.sum():
            return None
        step = np.linalg.solve(information, score)
        if float(score @ step) < 1e-16 * weight.sum():
            return share, np.linalg.inv(information) / np.outer(scale, scale)
        before, loss, b = b, now, b + step
    return None
