"""Discrete-time hazards: what moves the probability that an event happens in a period, given none before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import ClusterLike, Way, read_clusters, read_labels
from insights.stats.coefficients import (
    Coefficients,
    coefficient_table,
    dependent_message,
    events_check,
    separation_message,
    too_few_events,
)
from insights.stats.design import (
    DesignLike,
    dependent_column,
    linear_predictor,
    make_columns,
    matched,
    read_column,
    read_design,
    separated_columns,
)
from insights.stats.hazard.covariance import hazard_covariance
from insights.stats.hazard.newton import Fitted, column_information, fit, starting_point
from insights.stats.hazard.random import fit_random
from insights.stats.hazard.rows import HazardRows, hazards
from insights.stats.inputs import Floats, check_level
from insights.stats.results import NotEstimable, TestResult

SOURCE = "Prentice & Gloeckler (1978); Allison (1982); clusters: Pustejovsky & Tipton (2018)"
LINKS = {"cloglog": "log hazard ratio", "logit": "log odds ratio"}
INTERCEPT = "(intercept)"
FEWEST_GROUPS = 5


@dataclass(frozen=True, eq=False)
class HazardModel(Coefficients):
    """A fitted discrete-time hazard.

    ``table``: name, estimate, se, low, high, p; first the intercept, unless each period has a level of its own, which
    then stand in ``levels`` (period, level, hazard where all columns are 0). ``deviance`` is minus twice ``loglik``,
    each trial taken as an observation, so that it is the same for rows and for cells. ``n`` counts the trials that
    tell something (those of a period in which nobody, or everybody, has the event do not), ``n_events`` their events.
    ``group_effects`` (log scale) and their standard deviation ``group_sd`` are there with a random intercept.
    """

    link: str = "cloglog"
    deviance: float = float("nan")
    levels: pd.DataFrame | None = None
    group_sd: float | None = None
    group_effects: Mapping[str, float] = field(default_factory=dict, repr=False)

    def predict(
        self,
        design: DesignLike,
        *,
        baseline: npt.ArrayLike | None = None,
        offset: npt.ArrayLike | None = None,
        group: npt.ArrayLike | None = None,
    ) -> Floats:
        """Return the hazards (n) of rows with the columns of the fit, in the range 0 to 1.

        ``baseline`` names each row's period where the fit has levels; a period without any event has hazard 0.
        ``group`` names each row's group under a random intercept; without it, and for groups that the fit has not
        seen, the effect is 0, that of a typical group (not the average over groups).

        Raises ValueError for missing columns or periods that the fit has not seen.
        """
        columns = matched(design, self.names)
        values = self.table.set_index("name")["estimate"]
        eta = linear_predictor(columns, values[list(self.names)].to_numpy(float))
        if offset is not None:
            eta += read_column(offset, "offset", columns.n)
        if self.levels is None:
            eta += float(values[INTERCEPT])
        else:
            eta += self._levels_of(baseline, columns.n)
        if group is not None:
            way = read_labels(group, "group", columns.n)
            eta += np.array([self.group_effects.get(label, 0.0) for label in way.labels])[way.codes]
        found = hazards(eta, self.link)[0]
        found[np.isneginf(eta)] = 0.0
        found[np.isposinf(eta)] = 1.0
        return found

    def _levels_of(self, baseline: npt.ArrayLike | None, n: int) -> Floats:
        assert self.levels is not None
        if baseline is None:
            raise ValueError("the fit has a level for each period; expected baseline: the period of every row")
        way = read_labels(baseline, "baseline", n)
        level = dict(zip(self.levels["period"], self.levels["level"], strict=True))
        unknown = [label for label in way.labels if label not in level]
        if unknown:
            raise ValueError(
                f"{len(unknown)} periods were not in the fit, such as {unknown[0]}; expected periods of the fit: "
                "a hazard beyond them needs a smooth function of the period among the columns"
            )
        return np.array([level[label] for label in way.labels])[way.codes]


def discrete_hazard(
    design: DesignLike,
    events: npt.ArrayLike,
    *,
    trials: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    baseline: npt.ArrayLike | None = None,
    link: str = "cloglog",
    robust: bool = False,
    cluster: ClusterLike | None = None,
    small_sample: bool = True,
    random_intercept: npt.ArrayLike | None = None,
    inference: bool = True,
    level: float = 0.95,
) -> HazardModel | NotEstimable:
    """Fit the hazard of an event in a period by maximum likelihood (n rows, p columns).

    Parameters, in n rows
    ---------------------
    design : p columns, one row per unit and period at risk (or per cell of such rows); no column of ones. Single
        precision halves the memory; sums are always in double precision.
    events : events in the row, 0 or 1; with ``trials`` their number. For one of several causes, an event of another
        cause is a row without event, the unit's last: the hazard is then cause-specific.
    trials : rows that the cell stands for (frequencies); a cell with 3 events in 20 trials counts like its 20 rows.
    weight : sampling weights, such as those of a case-cohort design; they make standard errors robust. A unit with
        several sampled rows also needs ``cluster``.
    offset : added to the linear predictor.
    baseline : period of each row (for example months of tenure): one free level per period takes the place of the
        intercept, as the baseline hazard does in a Cox model, and does not count as parameter. Periods in which
        nobody, or everybody, has the event say nothing about the columns and are left out of the fit.
    link : "cloglog": coefficients are log hazard ratios of proportional hazards in continuous time, whatever the length
        of the period; "logit": log odds ratios.
    robust : standard errors that do not rest on the model's variance.
    cluster : labels (n), or one or two named arrays of labels, of rows that belong together (units, their groups).
    small_sample : correct a clustered covariance for few clusters (see ``cluster_covariance``).
    random_intercept : group of each row; groups differ by a normal effect on the linear predictor, whose variance
        maximises the Laplace approximation of the restricted likelihood (see ``fit_random``). Coefficients are then
        conditional on the group; intervals are Student's with groups - 1 degrees of freedom.
    inference : False for a fit that only predicts: the same estimates, without covariance, intervals and influence,
        which cost more than the fit where rows are clustered.

    Returns NotEstimable with fewer than 10 events (or non-events) per column or fewer than 50 in all; where a column
    does not vary or depends on others; where columns separate events from non-events; with fewer than 5 groups of a
    random intercept. With fewer than 20 clusters and without small-sample correction the model has no intervals.

    Assumptions: given the columns, periods of a unit are independent draws (that is what its not having had the event
    before means), and censoring is independent; broken by columns that know the future of the period. Rows of one
    unit need no clustering for that reason alone; unobserved differences between units or groups do.

    Raises ValueError for lengths that differ, missing values, events beyond trials, negative weights.
    """
    check_level(level)
    if link not in LINKS:
        raise ValueError(f"the link is {link!r}; expected one of {', '.join(LINKS)}")
    if random_intercept is not None and (cluster is not None or robust or weight is not None):
        raise ValueError("a random intercept was given with weights or robust errors; expected one or the other")
    columns = read_design(design)
    n, p = columns.values.shape
    done, tried = read_counts_of_trials(events, trials, n)
    weights = None if weight is None else read_column(weight, "weight", n)
    if weights is not None and (weights < 0).any():
        raise ValueError(f"{int((weights < 0).sum())} weights are negative; expected weights >= 0")
    ways = () if cluster is None else read_clusters(cluster, n)
    group = None if random_intercept is None else read_labels(random_intercept, "random_intercept", n)
    period = None if baseline is None else read_labels(baseline, "baseline", n)
    offsets = None if offset is None else read_column(offset, "offset", n)
    fixed = np.zeros(0)
    counted = np.ones(n, dtype=bool) if weights is None else weights > 0
    if period is not None:
        fixed = _levels_at_infinity(period, np.where(counted, done, 0.0), np.where(counted, tried, 0.0))
        counted &= np.isfinite(fixed[period.codes])
    if not counted.all():
        done, tried = np.where(counted, done, 0.0), np.where(counted, tried, 0.0)
        ways = tuple(way.used(counted) for way in ways)
    n_events, n_trials = float(done.sum()), float(tried.sum())
    refusal = too_few_events(n_events, p)
    if refusal is None:
        refusal = too_few_events(n_trials - n_events, p, "rows without event")
    if refusal is None and group is not None and group.size < FEWEST_GROUPS:
        refusal = NotEstimable(f"{group.size} groups tell too little of how much groups differ: 5 are needed")
    if refusal is not None:
        return refusal
    if weights is not None:
        done, tried, robust = done * weights, tried * weights, True
    rows = HazardRows(
        make_columns(columns, intercept=period is None), done, tried, link, offset=offsets, period=period, group=group
    )
    start = starting_point(rows)
    blocks = rows.blocks(start)
    information, scale = column_information(rows, blocks)
    if (dependent := dependent_column(information, scale)) is not None:
        return dependent_message(columns.names, dependent, "" if period is None else " within the periods")
    sd = None
    if group is not None:
        found, sd = fit_random(rows, start)
    else:
        found = fit(rows, start, blocks=blocks)
    separated = separated_columns(information, column_information(rows, found.blocks)[0])
    if separated or (separated := [k for k in found.moving if k < p]):
        return separation_message(columns.names, separated)
    if not found.converged:
        return NotEstimable(
            "the likelihood found no maximum: the columns leave the levels of some periods undetermined"
        )
    model = _model(rows, found, fixed, weights, ways, robust, small_sample, level, sd, (n_events, n_trials), inference)
    return model


def read_counts_of_trials(events: npt.ArrayLike, trials: npt.ArrayLike | None, n: int) -> tuple[Floats, Floats]:
    """Return events and trials (n each), checked."""
    done = read_column(events, "events", n)
    if trials is None:
        if (odd := int(((done != 0) & (done != 1)).sum())) > 0:
            raise ValueError(f"{odd} values of events are neither 0 nor 1; expected flags, or trials beside numbers")
        return done, np.ones(n)
    tried = read_column(trials, "trials", n)
    if (odd := int(((done < 0) | (done > tried)).sum())) > 0:
        raise ValueError(f"{odd} rows have events below 0 or beyond their trials; expected 0 <= events <= trials")
    return done, tried


def _model(
    rows: HazardRows,
    found: Fitted,
    fixed: Floats,
    weights: Floats | None,
    ways: tuple[Way, ...],
    robust: bool,
    small_sample: bool,
    level: float,
    sd: float | None,
    counted: tuple[float, float],
    inference: bool,
) -> HazardModel:
    columns = rows.columns
    names, p, contrasts = columns.design.names, len(columns.mean), columns.contrasts
    values = contrasts @ found.at.beta
    shift = float(np.sum(found.at.beta[:p] * columns.mean / columns.scale))
    shown = (INTERCEPT, *names) if columns.intercept else names
    df = np.full(len(shown), np.inf)
    checks: tuple[TestResult, ...] = (events_check(counted[0], p),)
    no_interval, influence = "", None
    if not inference:
        covariance = np.full((len(shown), len(shown)), np.nan)
        no_interval = "the fit was made for predictions alone"
    elif robust or ways:
        errors = hazard_covariance(rows, found, weights, ways, contrasts, small_sample=small_sample)
        covariance, df, no_interval = errors.covariance, errors.df, errors.no_interval
        checks += errors.checks
        if ways:
            influence = pd.DataFrame(errors.influence, columns=list(shown))
            influence.insert(0, ways[0].name, list(ways[0].labels))
    else:
        covariance = contrasts @ found.covariance @ contrasts.T
    if rows.group is not None:
        df[:] = rows.group.size - 1
    levels = None
    if rows.period is not None:
        level_values = np.where(np.isfinite(fixed), found.at.level - shift, fixed)
        with np.errstate(over="ignore"):
            hazard = np.where(np.isfinite(fixed), hazards(level_values, rows.link)[0], (fixed > 0).astype(float))
        levels = pd.DataFrame({"period": list(rows.period.labels), "level": level_values, "hazard": hazard})
    effects = {} if rows.group is None else dict(zip(rows.group.labels, map(float, found.at.effect), strict=True))
    return HazardModel(
        table=coefficient_table(shown, values, covariance, df, level, interval=not no_interval),
        checks=checks,
        source=SOURCE,
        names=names,
        covariance=covariance,
        df=df,
        n=round(counted[1]),
        n_events=round(counted[0]),
        loglik=found.loglik,
        level=level,
        unit=LINKS[rows.link],
        no_interval=no_interval,
        clusters={way.name: way.size for way in ways},
        influence=influence,
        link=rows.link,
        deviance=-2 * found.loglik,
        levels=levels,
        group_sd=sd,
        group_effects=effects,
    )


def _levels_at_infinity(period: Way, done: Floats, tried: Floats) -> Floats:
    """Return by period minus infinity where nobody has the event, infinity where everybody has, 0 elsewhere."""
    d, m = np.bincount(period.codes, done, period.size), np.bincount(period.codes, tried, period.size)
    return np.where(d == 0, -np.inf, np.where(d == m, np.inf, 0.0))
