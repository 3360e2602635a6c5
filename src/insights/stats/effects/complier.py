"""What a treatment drawn by lot did to those who took part because they were drawn: not everybody follows his arm."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import ClusterLike
from insights.stats.effects.inference import pointwise
from insights.stats.inputs import check_level
from insights.stats.linear import LinearFit, least_squares
from insights.stats.results import Estimate, NotEstimable, Result

SOURCE = "Imbens & Angrist (1994), Local average treatment effects; Fieller (1954); Staiger & Stock (1997) for F >= 10"
ARM = "arm"
WEAK = 10.0
"""The least F of the first stage: below it the lot moved so few that the ratio means little."""


@dataclass(frozen=True, eq=False)
class ComplierEffect(Result):
    """The effect on those whom the lot moved.

    ``effect`` is that of taking part on those who did because they were drawn, ``drawn`` that of being drawn,
    ``followed`` by how much more often those drawn took part (share), ``strength`` the F of that. ``table`` (name,
    value, low, high, unit) has the three.
    """

    effect: Estimate = field(kw_only=True)
    drawn: Estimate = field(kw_only=True)
    followed: Estimate = field(kw_only=True)
    strength: float = field(kw_only=True)


def complier_effect(
    outcome: npt.ArrayLike,
    took: npt.ArrayLike,
    design: pd.DataFrame,
    *,
    cluster: ClusterLike | None = None,
    level: float = 0.95,
    unit: str = "outcome",
) -> ComplierEffect | NotEstimable:
    """Divide the effect of the lot on an outcome (n,) by its effect on taking part (flags, n).

    ``design`` (n, p) has a column "arm" (1: drawn for it, else 0) and whatever both regressions are adjusted for, known
    before the lot was drawn and centred. Interval: Fieller's, which needs no linearisation: all values b for which the
    lot has no effect on outcome - b x took. It is not symmetric.

    Assumes that the lot decided the arm, that it moves the outcome by way of taking part only, and that nobody takes
    part just because he was not drawn. It speaks of those whom the lot moved, not of all.
    NotEstimable where the lot hardly moved anybody (F of the first stage below 10: a weak instrument), and where the
    regressions are. Raises ValueError without a column "arm".
    """
    check_level(level)
    if ARM not in design:
        raise ValueError(f"the design has the columns {list(design.columns)}; expected one called {ARM!r}")
    y, d = np.asarray(outcome, dtype=float), np.asarray(took, dtype=float)
    if np.ptp(d) == 0:
        return NotEstimable("everybody took part, or nobody did: F of the first stage 0; 10 is needed")
    # Of one size, so that the sum of both tells how their errors go together.
    size = float(y.std()) or 1.0, float(d.std())
    fits = [least_squares(v, design, cluster=cluster, level=level) for v in (y / size[0], d / size[1])]
    fits.append(least_squares(y / size[0] + d / size[1], design, cluster=cluster, level=level))
    if refused := next((f for f in fits if isinstance(f, NotEstimable)), None):
        return refused
    told = [f for f in fits if isinstance(f, LinearFit)]
    place = told[0].names.index(ARM)
    if told[0].no_interval:
        return NotEstimable(told[0].no_interval)
    (a, b), (vy, vd, vs) = (
        (f.table["estimate"].iloc[place] for f in told[:2]),
        (f.covariance[place, place] for f in told),
    )
    both = (vs - vy - vd) / 2
    strength = float(b**2 / vd)
    if strength < WEAK:
        return NotEstimable(f"the lot hardly moved who took part: F of the first stage {strength:.3g}; 10 is needed")
    quantile = float(pointwise(np.array([told[0].df[place]]), level)[0])
    # b^2 - q^2 vd > 0, as F >= 10 exceeds q^2 with five degrees of freedom or more.
    square = b**2 - quantile**2 * vd
    if square <= 0:
        return NotEstimable(f"too few clusters for an F of the first stage of {strength:.3g}")
    middle = a * b - quantile**2 * both
    root = float(np.sqrt(max(middle**2 - square * (a**2 - quantile**2 * vy), 0.0)))
    scale = size[0] / size[1]
    low, high = (scale * (middle + s * root) / square for s in (-1, 1))
    effect = Estimate(scale * float(a / b), float(low), float(high), unit, len(y), int(d.sum()), level)

    def one(fit: LinearFit, factor: float, what: str) -> Estimate:
        found = fit.coefficient(ARM)
        assert isinstance(found, Estimate)  # it has an interval
        return Estimate(factor * found.value, factor * found.low, factor * found.high, what, len(y), None, level)

    drawn, followed = one(told[0], size[0], unit), one(told[1], size[1], "share")
    rows = [("effect of being drawn", drawn), ("more who took part", followed), ("effect of taking part", effect)]
    table = pd.DataFrame([{"name": n, "value": e.value, "low": e.low, "high": e.high, "unit": e.unit} for n, e in rows])
    return ComplierEffect(table, (), SOURCE, effect=effect, drawn=drawn, followed=followed, strength=strength)
