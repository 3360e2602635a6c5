"""Cox's proportional hazards: what moves the hazard of an event, whatever its course over time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import ClusterLike, read_clusters
from insights.stats.coefficients import (
    Coefficients,
    coefficient_table,
    dependent_message,
    events_check,
    separation_message,
    too_few_events,
)
from insights.stats.cox.newton import CoxFitted, fit_cox, starting_point, variances
from insights.stats.cox.residuals import ScoreResiduals, cox_covariance, martingale, schoenfeld
from insights.stats.cox.rows import CoxRows, read_cox_rows
from insights.stats.cox.sums import cumulative, hazards, make_ties, sums
from insights.stats.design import DesignLike, chunks, dependent_column, linear_predictor, matched, separated_columns
from insights.stats.inputs import Floats, check_level
from insights.stats.results import NotEstimable, TestResult

SOURCE = "Cox (1972); ties: Efron (1977); errors: Lin & Wei (1989)"


@dataclass(frozen=True)
class CoxFit:
    """The rows of a model and its fit to them, for residuals and tests. It refers to the data: keep it out of files."""

    rows: CoxRows
    found: CoxFitted
    ties: str


@dataclass(frozen=True, eq=False)
class CoxModel(Coefficients):
    """A fitted Cox model.

    ``table``: name, estimate (log hazard ratio), se, low, high, p. ``loglik_null`` is the log-likelihood without any
    effect. ``baseline``: stratum, time (months), hazard (its step there), cumulative, at the ``means`` of the columns
    over the rows. ``n`` counts rows, ``n_events`` those with an event.
    """

    loglik_null: float = float("nan")
    means: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    baseline: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    fit: CoxFit | None = field(default=None, repr=False)

    def linear_predictor(self, design: DesignLike) -> Floats:
        """Return log hazard ratios (n) of rows to one with the means of the fit."""
        return linear_predictor(matched(design, self.names), self.table["estimate"].to_numpy(float), self.means)

    def survival(
        self,
        design: DesignLike,
        months: Iterable[float],
        *,
        since: npt.ArrayLike | None = None,
        stratum: str = "",
        dtype: npt.DTypeLike = np.float64,
    ) -> npt.NDArray[Any]:
        """Return the survival (n rows, T months) of units whose columns stay as they are.

        ``since`` gives the month that a unit has already reached, one number or n of them: the survival is conditional
        on that, and 1 up to it. ``stratum`` names the baseline of a stratified fit. ``dtype`` of single precision
        halves the memory, with seven digits of the survival. After the last event the baseline stays where it is: it
        says nothing beyond the last time at risk.

        Raises ValueError for missing columns, an unknown stratum, months below 0.
        """
        at = np.asarray(list(months), dtype=float)
        if (at < 0).any():
            raise ValueError(f"the months go down to {at.min():g}; expected months >= 0")
        log_risk = self.linear_predictor(design)
        steps = self.baseline[self.baseline["stratum"] == stratum]
        if steps.empty:
            known = ", ".join(repr(s) for s in self.baseline["stratum"].unique())
            raise ValueError(f"no stratum is called {stratum!r}; expected one of {known}")
        times, levels = steps["time"].to_numpy(float), np.concatenate([[0.0], steps["cumulative"]])
        gone = levels[np.searchsorted(times, at, side="right")].astype(dtype)
        risk = np.negative(np.exp(log_risk)).astype(dtype)
        found = np.empty((len(risk), len(at)), dtype)
        begun = None
        if since is not None:
            reached = np.broadcast_to(np.asarray(since, dtype=float), risk.shape)
            begun = levels[np.searchsorted(times, reached, side="right")].astype(dtype)
        for rows in chunks(len(risk)):  # in a processor's cache
            block = found[rows]
            if begun is None:
                np.multiply(risk[rows, None], gone, out=block)
            else:
                np.subtract(gone, begun[rows, None], out=block)
                np.maximum(block, 0, out=block)
                block *= risk[rows, None]
            np.exp(block, out=block)
        return found

    def residuals(self, kind: str) -> pd.DataFrame | Floats:
        """Return residuals of the rows of the fit.

        "martingale" (n): events less expected events. "schoenfeld": one row per event, in the order of the rows, with
        its time: columns less their mean in the risk set (averaged over tied events). "dfbeta" (n, p): by how much each
        row moves the coefficients, weighted.
        """
        rows, found = self._fit.rows, self._fit.found
        turn = rows.columns.contrasts
        if kind == "martingale":
            return martingale(rows, found.at)
        if kind == "schoenfeld":
            values = schoenfeld(rows, found.at, found.sums) * rows.columns.scale
            frame = pd.DataFrame(values, columns=list(self.names))
            frame.insert(0, "time", rows.exit[rows.sets.happened])
            return frame
        if kind == "dfbeta":
            parts = ScoreResiduals(rows, found.at, found.sums)
            return np.concatenate([parts.part(part) @ found.covariance @ turn.T for part in chunks(rows.n)])
        raise ValueError(f"no residuals are called {kind!r}; expected martingale, schoenfeld or dfbeta")

    @property
    def _fit(self) -> CoxFit:
        if self.fit is None:
            raise ValueError("the model does not hold its rows any more; expected one fresh from cox()")
        return self.fit


def cox(
    design: DesignLike,
    exit: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    ties: str = "efron",
    robust: bool = False,
    cluster: ClusterLike | None = None,
    small_sample: bool = True,
    level: float = 0.95,
) -> CoxModel | NotEstimable:
    """Fit Cox's model by maximum partial likelihood (n rows, p columns).

    Parameters, in n rows
    ---------------------
    design : p columns; single precision halves the memory, sums are always in double precision.
    exit : months at which the row ends. Event: 1 or True where it ends with the event (of the cause in question).
    entry : months at which it begins; the row is at risk while entry < t <= exit. Late entry, and columns that change
        over time: one row for each stretch over which they stay the same.
    strata : groups with a baseline of their own.
    weight : row weights, >= 0: frequencies, or sampling weights with robust or clustered errors.
    offset : added to the linear predictor.
    ties : "efron" or "breslow"; with monthly data Breslow's approximation pulls effects to zero.
    robust : standard errors by the rows' score residuals (Lin & Wei). Several rows of one unit need ``cluster``.
    cluster : labels (n), or one or two named arrays of labels, of rows that belong together.
    small_sample : correct a clustered covariance for few clusters (see ``cluster_covariance``, whose formula for
        clusters of a score is taken over to the score residuals); without it, the sandwich of the literature.

    Returns NotEstimable with fewer than 10 events per column or 50 in all; where a column does not vary within the risk
    sets or depends on others; where columns make the likelihood monotone. With fewer than 20 clusters and without
    small-sample correction the model has no intervals.

    Assumptions: hazards are proportional (``proportional_hazards_test``), log-linear in the columns; censoring and late
    entry are independent given the columns; columns of a stretch are known at its beginning. A column that says "ever"
    is not: it knows the future, and makes those who live long look as if it protected them.

    Raises ValueError for lengths that differ, missing values, entry not before exit, negative weights.

    Source: Cox (1972); Efron (1977); Therneau & Grambsch (2000); Lin & Wei (1989).
    """
    check_level(level)
    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties are {ties!r}; expected efron or breslow")
    rows = read_cox_rows(design, exit, event, entry, strata, weight, offset)
    ways = () if cluster is None else read_clusters(cluster, rows.n)
    p, n_events = len(rows.names), int(rows.sets.event.sum())
    if (refusal := too_few_events(n_events, p)) is not None:
        return refusal
    order = make_ties(rows.sets, ties)
    null = hazards(rows, order, np.zeros(p))
    begin = starting_point(rows, ties)
    at = hazards(rows, order, begin) if begin.any() else null
    first = sums(rows, order, at)
    if (dependent := dependent_column(first.information, variances(rows, at))) is not None:
        return dependent_message(rows.names, dependent, " within the risk sets")
    found = fit_cox(rows, order, begin, (at, first))
    separated = found.moving or separated_columns(first.information, found.sums.information)
    if separated:
        return separation_message(rows.names, separated)
    contrasts = rows.columns.contrasts
    checks: tuple[TestResult, ...] = (events_check(n_events, p),)
    df = np.full(p, np.inf)
    no_interval, influence = "", None
    covariance = contrasts @ found.covariance @ contrasts.T
    if robust or ways:
        if rows.weight is not None and (rows.weight == 0).any():
            ways = tuple(way.used(rows.weight > 0) for way in ways)
        errors = cox_covariance(
            rows, found.at, found.sums, found.covariance, ways, contrasts, small_sample=small_sample
        )
        covariance, df, no_interval = errors.covariance, errors.df, errors.no_interval
        checks += errors.checks
        if ways:
            influence = pd.DataFrame(errors.influence, columns=list(rows.names))
            influence.insert(0, ways[0].name, list(ways[0].labels))
    beta = contrasts @ found.beta
    means = _means(rows)
    return CoxModel(
        table=coefficient_table(rows.names, beta, covariance, df, level, interval=not no_interval),
        checks=checks,
        source=SOURCE,
        names=rows.names,
        covariance=covariance,
        df=df,
        n=rows.n if rows.weight is None else int((rows.weight > 0).sum()),
        n_events=n_events,
        loglik=found.loglik,
        level=level,
        unit="log hazard ratio",
        no_interval=no_interval,
        clusters={way.name: way.size for way in ways},
        influence=influence,
        loglik_null=null.loglik,
        means=means,
        baseline=_baseline(rows, found, means),
        fit=CoxFit(rows, found, ties),
    )


def _means(rows: CoxRows) -> Floats:
    """Return the means of the columns as given (p), over the rows of weight above 0."""
    total, weight = np.zeros(len(rows.names)), np.ones(rows.n) if rows.weight is None else rows.weight
    for part in chunks(rows.n):
        total += weight[part] @ rows.columns.part(part)
    return np.asarray(total / weight.sum() * rows.columns.scale + rows.columns.mean)


def _baseline(rows: CoxRows, found: CoxFitted, means: Floats) -> pd.DataFrame:
    """Return the steps of the baseline hazard and their sums, at the means of the columns, by stratum."""
    sets, columns = rows.sets, rows.columns
    there = float((means - columns.mean) / columns.scale @ found.beta)
    # The hazards are those of a risk of 1, from which the linear predictor was less by its centre.
    hazard = found.at.step * np.exp(there - found.at.centre)
    number = np.repeat(np.arange(len(sets.starts) - 1), np.diff(sets.starts))
    summed = cumulative(hazard)
    labels = np.array([""] if rows.strata is None else rows.strata.labels, dtype=object)
    frame = {"stratum": labels[number], "time": sets.times, "hazard": hazard}
    return pd.DataFrame(frame | {"cumulative": summed[1:] - summed[sets.starts[:-1]][number]})
