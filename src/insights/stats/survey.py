"""Who answered: weights that make the answers stand for everybody asked, and what silence could hide."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.design import DesignLike, read_design
from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.proportions import proportion
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Deville & Särndal (1992); Tan (2020), calibrated estimation of propensities; Kish (1965), effective size"
SENSITIVITY = "Scharfstein, Rotnitzky & Robins (1999); Imbens & Manski (2004)"
PER_PARAMETER = 10
FEWEST = 50
CAP = 10.0
"""A weight above so many times the median weight is cut to it."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ResponseWeights(Result):
    """Weights of those who answered.

    ``table``: variable, everybody, answered, weighted (means of the frame variable), difference, difference_weighted
    (from everybody, in sd of everybody). ``weights`` (n,) has mean 1 among those who answered and is 0 for the others;
    ``effective_n`` is the number of equally weighted answers with the same error (Kish).
    """

    weights: Floats = field(repr=False, kw_only=True)
    answered: Bools = field(repr=False, kw_only=True)
    design: Floats = field(repr=False, kw_only=True)
    response_rate: Estimate = field(kw_only=True)
    effective_n: float = field(kw_only=True)
    trimmed: int = field(kw_only=True)

    def mean(
        self, values: npt.ArrayLike, *, cluster: npt.ArrayLike | None = None, level: float = 0.95, unit: str = "points"
    ) -> Estimate | NotEstimable:
        """Return the mean of the answers (n, NaN where there is none) as if everybody asked had given one.

        The standard error knows that the weights were fitted, which makes it smaller where the frame variables tell
        something of the answer. Where weights were cut, it takes them as given. A unit that answered other questions
        but not this one is taken as silent on it, and the weights of the others as they are.
        Assumes that, given the frame variables, whether somebody answers does not depend on the answer; see
        ``sensitivity``.
        """
        check_level(level)
        y = _values(values, len(self.answered))
        used = self.answered & np.isfinite(y)
        if (count := int(used.sum())) < FEWEST:
            return NotEstimable(f"{count} answers; at least {FEWEST} are needed")
        weight = np.where(used, self.weights, 0.0)
        mean = float(weight @ np.where(used, y, 0.0) / weight.sum())
        away = np.where(used, y - mean, 0.0)
        n = len(y)
        if self.trimmed or count < self.answered.sum():
            influence = n * weight * away / weight.sum()
        else:
            scale = n / weight.sum()  # the weights of the answers add up to everybody
            influence = _calibrated(away, weight * scale, self.design)
        return _interval(mean, influence, cluster, self.answered, level, unit, count)

    def sensitivity(
        self,
        values: npt.ArrayLike,
        *,
        strengths: Sequence[float] = (-0.5, -0.25, 0.0, 0.25, 0.5),
        cluster: npt.ArrayLike | None = None,
        level: float = 0.95,
        unit: str = "points",
    ) -> "Sensitivity | NotEstimable":
        """Return the mean if the answer itself moved the log odds of answering, by each strength per sd of the answers.

        At 0 this is ``mean`` (without cut weights); at 0.5 somebody one sd more satisfied has exp(0.5) = 1.6 times the
        odds of answering, given the frame variables. The weights are fitted anew for every strength, so that they
        still reproduce the frame. No data can tell which strength is the right one.
        """
        check_level(level)
        y = _values(values, len(self.answered))
        used = self.answered & np.isfinite(y)
        if (count := int(used.sum())) < FEWEST:
            return NotEstimable(f"{count} answers; at least {FEWEST} are needed")
        spread = float(y[used].std())
        if spread == 0:
            return NotEstimable("all answers are the same; how they would sway the silent cannot be told")
        if not len(strengths) or not np.isfinite(strengths).all():
            raise ValueError(f"strengths are {list(strengths)}; expected log odds ratios such as -0.5, 0, 0.5")
        z = np.where(used, (y - y[used].mean()) / spread, 0.0)
        rows: list[dict[str, float]] = []
        for strength in sorted(set(map(float, strengths))):
            odds = _fit(self.design, used, strength * z)
            if odds is None:
                return NotEstimable(f"no weights reproduce the frame at strength {strength:g}")
            weight = np.where(used, 1 + odds, 0.0)
            mean = float(weight @ np.where(used, y, 0.0) / weight.sum())
            influence = _calibrated(np.where(used, y - mean, 0.0), weight, self.design)
            found = _interval(mean, influence, cluster, self.answered, level, unit, count)
            if isinstance(found, NotEstimable):
                return found
            rows.append(
                {"strength": strength, "mean": mean, "se": found.se or 0.0, "low": found.low, "high": found.high}
            )
        table = pd.DataFrame(rows)
        return Sensitivity(table, source=SENSITIVITY, level=level, unit=unit, n=count)


@dataclass(frozen=True, eq=False)
class Sensitivity(Result):
    """The mean by strength of the dependence of answering on the answer: strength, mean, se, low, high."""

    level: float = 0.95
    unit: str = "points"
    n: int = 0

    def interval(self) -> Estimate:
        """Return the interval that covers, whichever of the strengths is true; the value is that at the middle one.

        The ends are those of the extreme means, each with the quantile that covers the truth, not the whole range
        (Imbens & Manski 2004).
        """
        low, high = self.table.loc[self.table["mean"].idxmin()], self.table.loc[self.table["mean"].idxmax()]
        width = float(high["mean"] - low["mean"])
        c = _imbens_manski(width / max(float(low["se"]), float(high["se"]), 1e-300), self.level)
        middle = self.table.iloc[(self.table["strength"]).abs().argmin()]
        return Estimate(
            float(middle["mean"]),
            float(low["mean"] - c * low["se"]),
            float(high["mean"] + c * high["se"]),
            self.unit,
            self.n,
            None,
            self.level,
        )

    def strength_where_mean_is(self, value: float) -> float | None:
        """Return the strength at which the mean would be the value, between those given; None if none does."""
        x, y = self.table["strength"].to_numpy(), self.table["mean"].to_numpy() - value
        cross = np.flatnonzero(y[:-1] * y[1:] <= 0)
        if len(cross) == 0:
            return None
        best = min(cross, key=lambda i: min(abs(x[i]), abs(x[i + 1])))
        gap = y[best + 1] - y[best]
        return float(x[best] if gap == 0 else x[best] - y[best] * (x[best + 1] - x[best]) / gap)


def response_weights(
    answered: npt.ArrayLike, frame: DesignLike, *, cap: float = CAP, level: float = 0.95
) -> ResponseWeights | NotEstimable:
    """Return weights of those who answered from what is known of everybody asked.

    ``answered`` has a flag (n,) for every person asked, ``frame`` the columns (n, p) known of all of them: numbers,
    flags, indicators of levels (all but one). Weights above ``cap`` times the median are cut to it; ``checks`` says how
    many, and the table what balance it cost.

    The odds of silence are exp of a linear function of the frame, fitted so that the weighted answers have exactly the
    frame's means of everybody; weights are the inverse of the probability so fitted.

    Assumes that given the frame variables answering does not depend on the answers, and that everybody had some chance
    to answer. NotEstimable below 10 answers and 10 silent per parameter, 50 of each; where a column adds nothing; and
    where no weights reproduce the frame (nobody like some of the silent answered).
    """
    check_level(level)
    told = np.asarray(answered)
    if told.ndim != 1 or not np.isin(told, (0, 1)).all():
        raise ValueError("answered holds something other than flags; expected true or false for everybody asked")
    told = told.astype(bool)
    n = len(told)
    columns = read_design(frame, n)
    x = columns.values.astype(float)
    needed = max(FEWEST, PER_PARAMETER * (x.shape[1] + 1))
    if min(told.sum(), n - told.sum()) < needed:
        return NotEstimable(
            f"{int(told.sum())} answered and {int(n - told.sum())} did not; "
            f"{x.shape[1] + 1} parameters need {needed} of each"
        )
    centred = centre(x, np.ones(n))
    middle, spread = centred.mean, centred.sd
    if found := centred.dependent:
        column, others = (columns.names[found[0]], [columns.names[k] for k in found[1]])
        return NotEstimable(
            f"the column {column!r} is a combination of {', '.join(map(repr, others))}"
            if others
            else f"the column {column!r} is the same for everybody"
        )
    design = np.column_stack([np.ones(n), centred.values / spread])
    odds = _fit(design, told, np.zeros(n))
    if odds is None:
        return NotEstimable("no weights reproduce the frame: nobody like some of those who are silent has answered")
    weight = np.where(told, 1 + odds, 0.0)
    limit = cap * float(np.median(weight[told]))
    trimmed = int((weight > limit).sum())
    weight = np.minimum(weight, limit)
    weight *= told.sum() / weight.sum()
    before, after = design[told, 1:].mean(axis=0), weight @ design[:, 1:] / weight.sum()
    table = pd.DataFrame(
        {
            "variable": columns.names,
            "everybody": middle,
            "answered": middle + before * spread,
            "weighted": middle + after * spread,
            "difference": before,
            "difference_weighted": after,
        }
    )
    checks = (
        TestResult(
            "weights cut",
            "no weight is far above the others",
            float(trimmed),
            reason=f"{trimmed} weights were above {cap:g} times the median" if trimmed else "",
        ),
    )
    return ResponseWeights(
        table,
        checks,
        SOURCE,
        weights=weight,
        answered=told,
        design=design,
        response_rate=proportion(float(told.sum()), n, level=level),
        effective_n=effective_size(weight),
        trimmed=trimmed,
    )


def effective_size(weight: npt.ArrayLike) -> float:
    """Return the number of equally weighted answers whose mean has the same error (Kish)."""
    w = np.asarray(weight, dtype=float)
    return float(w.sum() ** 2 / (w**2).sum())


def _fit(design: Floats, told: Bools, tilt: Floats) -> Floats | None:
    """Return the odds of silence (n,) of which the answers reproduce the frame; None where none do.

    Minimises the convex sum over answers of exp(-eta - tilt) plus the sum over the silent of eta.
    """
    silent = design[~told].sum(axis=0)
    x, t = design[told], tilt[told]
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(max(told.sum(), 1) / max((~told).sum(), 1e-9))

    def loss(b: Floats) -> float:
        with np.errstate(over="ignore"):
            return float(np.exp(-x @ b - t).sum() + silent @ b)

    now = loss(beta)
    for _ in range(100):
        odds = np.exp(-x @ beta - t)
        slope = silent - x.T @ odds
        curve = (x * odds[:, None]).T @ x
        if not np.isfinite(curve).all() or np.linalg.cond(curve) > 1e12:
            return None
        step = -np.linalg.solve(curve, slope)
        gain, size = float(-slope @ step), 1.0
        if gain < 1e-12 * len(
            told
        ):  # so close that a further step is exact to rounding, and the loss too coarse to say
            full = np.zeros(len(design))
            full[told] = np.exp(-x @ (beta + step) - t)
            return full
        while (new := loss(beta + size * step)) > now - 1e-4 * size * gain and size > 1e-10:
            size /= 2
        beta, now = beta + size * step, new
    return None


def _calibrated(away: Floats, weight: Floats, design: Floats) -> Floats:
    """Return the influence (n,) of everybody asked on a mean with calibrated weights (0 for the silent).

    The weighted answer less what the frame predicts of it, plus that prediction.
    """
    odds = np.where(weight > 0, weight - 1, 0.0)
    gram = (design * odds[:, None]).T @ design
    slope = np.linalg.solve(gram, design.T @ (odds * away))
    predicted = design @ slope
    return weight * (away - predicted) + predicted


def _interval(
    mean: float, influence: Floats, cluster: npt.ArrayLike | None, told: Bools, level: float, unit: str, count: int
) -> Estimate | NotEstimable:
    n, df = len(influence), float("inf")
    groups: Floats = influence
    if cluster is not None:
        codes, labels = pd.factorize(pd.Series(np.asarray(cluster), dtype=object))
        if len(codes) != n or (codes < 0).any():
            raise ValueError(f"cluster has {len(codes)} names; expected {n}, none missing")
        if len(labels) < 20:
            return NotEstimable(f"{len(labels)} clusters; 20 are needed for errors by cluster")
        groups, df = np.bincount(codes, influence).astype(float), float(len(labels) - 1)
    c = len(groups)
    se = float(np.sqrt((groups**2).sum() * c / (c - 1))) / n
    if np.isfinite(df):
        from scipy.special import stdtrit  # half a second that those without clusters need not wait

        half = float(stdtrit(df, (1 + level) / 2)) * se
    else:
        half = normal_quantile(level) * se
    return Estimate(mean, mean - half, mean + half, unit, count, None, level, se)


def _imbens_manski(width: float, level: float) -> float:
    """Return c with Phi(c + width) - Phi(-c) = level, the width in standard errors."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    return float(brentq(lambda c: ndtr(c + width) - ndtr(-c) - level, 0.0, 10.0))


def _values(values: npt.ArrayLike, n: int) -> Floats:
    y = np.asarray(values, dtype=float)
    if y.shape != (n,):
        raise ValueError(f"values have shape {y.shape}; expected ({n},), one per person asked, missing where silent")
    if np.isinf(y).any():
        raise ValueError(f"{int(np.isinf(y).sum())} values are infinite; expected numbers, missing where silent")
    return y
