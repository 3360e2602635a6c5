"""Regression of ordered categories: proportional odds (logit) and ordered probit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.centred import centre
from insights.stats.clustering import ClusterLike, Way, cluster_covariance
from insights.stats.coefficients import Coefficients, coefficient_table, dependent_message
from insights.stats.design import DesignLike, matched, separated_columns
from insights.stats.inputs import Floats, check_level
from insights.stats.ordinal.newton import Link, Peak, cut_points, cut_terms, maximise, sort_rows
from insights.stats.ordinal.rows import WEIGHTS, OrderedRows, read_ordered, refuse_ordered
from insights.stats.results import NotEstimable

SOURCE = "McCullagh (1980), Regression models for ordinal data"
Errors = Literal["information", "robust"]


@dataclass(frozen=True, eq=False)
class OrderedFit(Coefficients):
    """``table``: name, estimate, se, low, high, p and, with the logit link, odds_ratio with its interval.

    A coefficient is the change of the log odds (of the latent mean, for probit) of a higher category for one more of
    the column. ``thresholds``: between (two categories), estimate, se, low, high. ``deviance`` is -2 log likelihood.
    ``joint`` (q, q) is the covariance of thresholds and coefficients, in this order.
    """

    thresholds: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    categories: tuple[str, ...] = ()
    deviance: float = float("nan")
    link: Link = "logit"
    joint: Floats = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    joint_df: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    rows: OrderedRows | None = field(default=None, repr=False)

    @property
    def parameters(self) -> Floats:
        """Thresholds and coefficients, in the order of ``joint``."""
        return np.concatenate([self.thresholds["estimate"].to_numpy(float), self.table["estimate"].to_numpy(float)])

    def probabilities(self, design: DesignLike) -> pd.DataFrame:
        """Return the probability of every category (n, K) for rows of the fitted columns."""
        columns = matched(design, self.names)
        shares = category_shares(self.parameters, columns.values.astype(float), self.link)
        index = design.index if isinstance(design, pd.DataFrame) else None
        return pd.DataFrame(shares, columns=list(self.categories), index=index)


def ordered_regression(
    outcome: npt.ArrayLike,
    design: DesignLike,
    *,
    categories: Sequence[object] | None = None,
    link: Link = "logit",
    weight: npt.ArrayLike | None = None,
    weights: Literal["frequency", "probability"] = "frequency",
    errors: Errors | None = None,
    cluster: ClusterLike | None = None,
    small_sample: bool = True,
    level: float = 0.95,
) -> OrderedFit | NotEstimable:
    """Regress an ordered category (n,) on columns (n, p); there is no constant, the thresholds are it.

    ``categories`` gives the labels from low to high; it may be left out for numbers and for an ordered pandas
    categorical. ``weight`` (n,) holds frequencies or, with ``weights="probability"``, response weights. ``errors``:
    from the information (assumes the model) or robust to a wrong one (sandwich), which is the default for probability
    weights. ``cluster`` replaces them by clustered errors, corrected for few clusters unless ``small_sample`` is False.

    Assumes that a column moves all thresholds alike (``nominal_effects`` and ``brant_test`` look for departures), and
    independent rows or clusters. A category that nobody chose is left out and noted: its thresholds have no estimate.

    NotEstimable where all chose the same; below 50 rows or 10 per coefficient, rows counted by how much they tell
    (n less the sum of n_k cubed over n squared; of two categories the smaller; Harrell 2015, sec. 4.4); for dependent
    columns (named); and where a column separates the categories.
    """
    check_level(level)
    if link not in ("logit", "probit"):
        raise ValueError(f"link is {link!r}; expected 'logit' or 'probit'")
    if weights not in ("frequency", "probability"):
        raise ValueError(f"weights is {weights!r}; expected 'frequency' or 'probability': {WEIGHTS}")
    rows = read_ordered(outcome, design, categories, weight, weights == "frequency", cluster)
    if (refused := refuse_ordered(rows, rows.x.shape[1])) is not None:
        return refused
    fit = fit_ordered(rows, link)
    if isinstance(fit, NotEstimable):
        return fit
    peak, back, scaled = fit
    parameters = back @ peak.parameters
    bread: Floats = np.linalg.inv(peak.information).astype(float)
    errors = errors or ("information" if rows.counted else "robust")
    q, cuts = len(parameters), len(rows.labels) - 1
    df, no_interval, influence = np.full(q, np.inf), "", None
    checks, sizes = list(rows.notes), dict[str, int]()
    joint = back @ bread @ back.T
    if rows.ways is not None:
        scores, pieces = row_scores(scaled, peak.parameters, link), cluster_information(scaled, peak.parameters, link)
        found = cluster_covariance(
            bread, rows.ways, lambda way: _sums(way, scores), pieces, back, small_sample=small_sample
        )
        joint, df, no_interval = found.covariance, found.df, found.no_interval
        checks += found.checks
        names = [*(f"threshold {k + 1}" for k in range(cuts)), *rows.names]
        influence = pd.DataFrame(found.influence, index=list(rows.ways[0].labels), columns=names)[list(rows.names)]
        sizes = {way.name: way.size for way in rows.ways}
    elif errors == "robust":
        # A frequency is that many rows with the same score; a probability weight is one row.
        scores = row_scores(scaled, peak.parameters, link)
        by = np.sqrt(rows.weight)[:, None] if rows.counted else 1.0
        scores = scores / by
        joint = back @ bread @ (scores.T @ scores) @ bread @ back.T
    table = coefficient_table(
        rows.names, parameters[cuts:], joint[cuts:, cuts:], df[cuts:], level, interval=not no_interval
    )
    if link == "logit":
        for column, source in (("odds_ratio", "estimate"), ("odds_ratio_low", "low"), ("odds_ratio_high", "high")):
            table[column] = np.exp(np.minimum(table[source], 700.0))
    between = tuple(f"{a} | {b}" for a, b in zip(rows.labels[:-1], rows.labels[1:], strict=True))
    cut_table = coefficient_table(
        between, parameters[:cuts], joint[:cuts, :cuts], df[:cuts], level, interval=not no_interval
    )
    return OrderedFit(
        table,
        tuple(checks),
        SOURCE,
        names=rows.names,
        covariance=joint[cuts:, cuts:],
        df=df[cuts:],
        n=rows.n,
        n_events=rows.n,
        loglik=peak.loglik,
        level=level,
        unit="log odds" if link == "logit" else "latent sd",
        no_interval=no_interval,
        clusters=sizes,
        influence=influence,
        thresholds=cut_table.drop(columns="p").rename(columns={"name": "between"}),
        categories=rows.labels,
        deviance=-2 * peak.loglik,
        link=link,
        joint=joint,
        joint_df=df,
        rows=rows,
    )


def fit_ordered(
    rows: OrderedRows, link: Link, nominal: Sequence[int] = ()
) -> tuple[Peak, Floats, OrderedRows] | NotEstimable:
    """Fit with a slope per threshold for the ``nominal`` columns; return the peak, the way back (q, q), scaled rows.

    Columns are centred and scaled for the fit; the matrix takes its parameters to those of the columns as given.
    """
    k, p = len(rows.labels), rows.x.shape[1]
    centred = centre(rows.x, rows.weight)
    if centred.dependent:
        return dependent_message(rows.names, centred.dependent, "")
    middle, spread = centred.mean, centred.sd
    scaled = centred.values / spread
    chosen = list(nominal)
    others = [j for j in range(p) if j not in chosen]
    data, _ = sort_rows(rows.category, scaled[:, others], scaled[:, chosen], rows.weight, k)
    peak = maximise(data, link)
    cuts, m = data.cuts, len(chosen)
    if not m:
        start, end = (without_thresholds(i, cuts) for i in (peak.start_information, peak.information))
        if moving := separated_columns(start, end):
            names = ", ".join(rows.names[j] for j in moving)
            return NotEstimable(
                f"the likelihood has no maximum: {names} separate{'s' if len(moving) == 1 else ''} lower from higher "
                "categories without an exception; merge levels or categories, or leave it out"
            )
    if not peak.converged:
        return NotEstimable("the likelihood has no maximum that could be reached: too few rows in some category")
    back = np.eye(data.size)
    width = 1 + m
    for c in range(cuts):
        at = c * width
        back[at, at + 1 : at + width] = middle[chosen] / spread[chosen]
        back[at, cuts * width :] = middle[others] / spread[others]
        back[np.arange(at + 1, at + width), np.arange(at + 1, at + width)] = 1 / spread[chosen]
    tail = np.arange(cuts * width, data.size)
    back[tail, tail] = 1 / spread[others]
    return peak, back, replace(rows, x=scaled)


def category_shares(parameters: Floats, x: Floats, link: Link) -> Floats:
    """Return the probability (n, K) of every category; parameters are thresholds, then coefficients."""
    cuts = len(parameters) - x.shape[1]
    points = parameters[:cuts] - (x @ parameters[cuts:])[:, None]
    below = np.column_stack([np.zeros(len(x)), distribution(points, link), np.ones(len(x))])
    return np.diff(below, axis=1)


def distribution(points: Floats, link: Link) -> Floats:
    """Return F of the link."""
    from scipy.special import expit, ndtr  # half a second that those who only draw curves need not wait

    return np.asarray(expit(points) if link == "logit" else ndtr(points))


def density(points: Floats, link: Link) -> Floats:
    """Return f of the link."""
    if link == "probit":
        return np.asarray(np.exp(-0.5 * points**2) / np.sqrt(2 * np.pi))
    share = distribution(points, link)
    return share * (1 - share)


def row_scores(rows: OrderedRows, parameters: Floats, link: Link) -> Floats:
    """Return each row's weighted slope of the log likelihood (n, q), at parameters of the columns as given."""
    scores, _ = row_terms(rows, parameters, link)
    return scores


def row_terms(rows: OrderedRows, parameters: Floats, link: Link) -> tuple[Floats, list[tuple[Floats, Floats]]]:
    """Return scores (n, q), and vectors (n, q) with weights (n,) of which the information is the weighted squares."""
    n, p = rows.x.shape
    data, order = sort_rows(rows.category, rows.x, np.zeros((n, 0)), rows.weight, len(rows.labels))
    cuts = data.cuts
    scores = np.zeros((n, cuts + p))
    upper_rows, lower_rows = np.zeros((n, cuts + p)), np.zeros((n, cuts + p))
    bends = np.zeros((3, n))
    for c, at, upper, lower in cut_points(data, parameters):
        _, du, dl, duu, dll, dul = cut_terms(upper, lower, link)
        own, w = order[at], data.weight[at]
        upper_rows[own, cuts:] = lower_rows[own, cuts:] = -rows.x[own]
        if c < cuts:
            upper_rows[own, c] = 1
        if c:
            lower_rows[own, c - 1] = 1
        scores[own] = upper_rows[own] * (w * du)[:, None] + lower_rows[own] * (w * dl)[:, None]
        # uu, ll and ul as squares of u, l and u - l: a uu + b ll + c 2ul = (a + c) u² + (b + c) l² - c (u - l)².
        bends[0, own], bends[1, own], bends[2, own] = w * -(duu + dul), w * -(dll + dul), w * dul
    return scores, [(upper_rows, bends[0]), (lower_rows, bends[1]), (upper_rows - lower_rows, bends[2])]


def cluster_information(rows: OrderedRows, parameters: Floats, link: Link) -> Callable[[Way], Floats]:
    """Return the function that gives each cluster's part of the information (G, q, q)."""
    terms = row_terms(rows, parameters, link)[1]

    def of(way: Way) -> Floats:
        q = terms[0][0].shape[1]
        found = np.zeros((way.size, q, q))
        order = np.argsort(way.codes, kind="stable")
        ends = np.searchsorted(way.codes[order], np.arange(way.size + 1))
        for vectors, weight in terms:
            for g in range(way.size):
                own = order[ends[g] : ends[g + 1]]
                found[g] += (vectors[own] * weight[own, None]).T @ vectors[own]
        return found

    return of


def without_thresholds(information: Floats, cuts: int) -> Floats:
    """Return the information on the coefficients that is left when the thresholds are not known."""
    cross = information[cuts:, :cuts]
    return information[cuts:, cuts:] - cross @ np.linalg.solve(information[:cuts, :cuts], cross.T)


def _sums(way: Way, values: Floats) -> Floats:
    total = np.zeros((way.size, values.shape[1]))
    np.add.at(total, way.codes, values)
    return total
